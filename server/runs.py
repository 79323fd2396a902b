"""Runs under way: awaited side by side, each ended with all that it started when it is no longer wanted."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anyio

from forerun.runner.library import run_async
from forerun.runner.process import Cancellation

if TYPE_CHECKING:
    from typing import Any

    from forerun.resolver.source import Source
    from forerun.runner.result import RunResult

THREADS = 256
"""Runs at once; each holds a thread that does little but wait. More wait for their turn."""


def use_enough_threads() -> None:
    """Let the running event loop have a thread for each run; its own limit grows with the cores."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "forerun"))


class Runs:
    """The runs of one server."""

    def __init__(self) -> None:
        self._live: dict[asyncio.Future[RunResult], Cancellation] = {}

    async def run(self, source: Source, arguments: list[str], **options: Any) -> RunResult:
        """Do what `forerun.run_async` does; when cancelled, return only once everything has ended.

        Raises:
            RunnerError: forerun itself cannot do its part.
        """
        cancellation = Cancellation()
        run = asyncio.ensure_future(run_async(source, arguments, cancellation=cancellation, **options))
        self._live[run] = cancellation
        run.add_done_callback(self._forget)
        try:
            return await asyncio.shield(run)
        except asyncio.CancelledError:
            cancellation.cancel()
            # A cancelled scope of anyio cancels every further await in it, so that the wait needs a shield.
            with anyio.CancelScope(shield=True):
                await asyncio.wait([run])
            raise

    async def end_all(self, seconds: float) -> None:
        """Cancel every run, and wait so many seconds at most until all have ended."""
        ending = list(self._live)
        for cancellation in list(self._live.values()):
            cancellation.cancel()
        if ending:
            await asyncio.wait(ending, timeout=seconds)

    def _forget(self, run: asyncio.Future[RunResult]) -> None:
        del self._live[run]
        if not run.cancelled():
            # Looked at, so that asyncio does not complain of an error that nobody waits for any more.
            run.exception()
