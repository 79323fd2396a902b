"""Runs under way: so many side by side, further ones waiting in turn, each ended when it is no longer wanted."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anyio

from forerun.runner.captured import Captured
from forerun.runner.interpreter import this_interpreter
from forerun.runner.library import run_async
from forerun.runner.process import Cancellation
from forerun.runner.supervision import Supervisors

if TYPE_CHECKING:
    from typing import Any

    from forerun.resolver.source import Source
    from forerun.runner.result import RunResult

    from .progress import Progress

MOST_WAITING = 256
"""Calls that wait for their turn; one more is told to come again later."""
OTHER_THREADS = 16
"""Threads beside those of the runs: for reading files, predicting, preparing."""


class Busy(Exception):
    """Too many calls wait already; `str()` says so to the caller."""


def use_enough_threads(runs_at_once: int) -> None:
    """Let the running event loop have a thread for each run, which does little but wait, and some for the rest."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(runs_at_once + OTHER_THREADS, "forerun"))


class Runs:
    """The runs of one server."""

    def __init__(self, at_once: int, most_waiting: int = MOST_WAITING) -> None:
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._turns = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._live: dict[asyncio.Future[RunResult], Cancellation] = {}
        self._supervisors = Supervisors()
        self._preparing: set[asyncio.Future[None]] = set()

    async def run(self, source: Source, arguments: list[str], progress: Progress, **options: Any) -> RunResult:
        """Do what `forerun.run_async` does in turn; when cancelled, return only once everything has ended.

        Raises:
            Busy: too many calls wait already.
            RunnerError: forerun itself cannot do its part.
        """
        await self._wait_for_turn(progress)
        try:
            return await self._run(source, arguments, progress, options)
        finally:
            self._turns.release()

    async def _wait_for_turn(self, progress: Progress) -> None:
        if self._turns.locked() and self._waiting >= self._most_waiting:
            raise Busy(
                f"this server is busy: {self._at_once} programs run and {self._waiting} more wait; try again later"
            )
        if self._turns.locked():
            progress.say(f"Waiting for {self._at_once + self._waiting} other programs")
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1

    async def _run(
        self, source: Source, arguments: list[str], progress: Progress, options: dict[str, Any]
    ) -> RunResult:
        cancellation = Cancellation()
        executor = Captured(self._supervisors, progress.wrote)
        controls = {"observer": progress, "cancellation": cancellation, "executor": executor}
        progress.began()
        run = asyncio.ensure_future(run_async(source, arguments, **controls, **options))
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

    def close(self) -> None:
        """End what was started in advance."""
        self._supervisors.close()

    def prepare(self) -> None:
        """Start in the background what the next run will need, so that it does not wait for an interpreter to start."""
        preparing = asyncio.ensure_future(asyncio.to_thread(self._supervisors.prepare, this_interpreter().path))
        self._preparing.add(preparing)
        preparing.add_done_callback(self._preparing.discard)

    def _forget(self, run: asyncio.Future[RunResult]) -> None:
        del self._live[run]
        self.prepare()
        if not run.cancelled():
            # Looked at, so that asyncio does not complain of an error that nobody waits for any more.
            run.exception()
