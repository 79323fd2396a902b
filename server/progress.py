"""What a run tells -> progress notifications of its call, a few a second at most, and spans for telemetry."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio

from forerun.runner.observer import Observer

from . import words
from .spans import Stages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from types import TracebackType

    from forerun.runner.result import Distribution

    Report = Callable[[float, float | None, str], Awaitable[None]]

INTERVAL = 0.25
"""Seconds between notifications; clients draw each, and some count them."""
MOST_NAMED = 4
LONGEST = 300
"""Characters of a message."""


class Progress(Observer):
    """Watches one run and reports to its caller; a context manager on the event loop.

    To report costs next to nothing where the caller has not asked for it.

    The methods of an observer are called from the thread of the run: they only leave the latest message.
    """

    def __init__(self, report: Report, mount: tuple[str, str]) -> None:
        self._report = report
        self._mount = mount
        self._latest = ""
        self._is_new = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._reporting: asyncio.Task[None] | None = None
        self._stages = Stages()

    async def __aenter__(self) -> Progress:
        self._reporting = asyncio.ensure_future(self._keep_reporting())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stages.end()
        if self._reporting is not None:
            self._reporting.cancel()

    def say(self, message: str) -> None:
        """Leave a message to be reported next, in place of one that was not reported yet; from any thread."""
        self._latest = message
        try:
            self._loop.call_soon_threadsafe(self._is_new.set)
        except RuntimeError:  # The loop is closed: nobody listens any more.
            pass

    def began(self) -> None:
        """The script is about to be read."""
        self._stages.enter("resolve")
        self.say("Reading the imports")

    def resolving(self, requirements: Sequence[str]) -> None:
        """Tell what is being looked up."""
        self._stages.enter("install")
        self.say(f"Resolving {_listed(requirements)}")

    def installing(self, distributions: Sequence[Distribution]) -> None:
        """Tell what is being installed, and how many that are."""
        count = f"{len(distributions)} distribution{'s' if len(distributions) != 1 else ''}"
        self.say(f"Installing {count}: {_listed([str(each) for each in distributions])}")

    def starting(self, attempt: int) -> None:
        """Tell that the program runs."""
        self._stages.enter("run")
        self.say("Running" if attempt == 1 else f"Running again, attempt {attempt}")

    def retrying(self, missing: str, distributions: Sequence[str]) -> None:
        """Tell why there is another attempt."""
        self._stages.enter("install")
        self.say(f"{missing} is missing: adding {_listed(distributions)}")

    def wrote(self, line: str) -> None:
        """Tell the last line of output."""
        self.say(f"Running: {line}")

    async def _keep_reporting(self) -> None:
        count = 0
        while True:
            await self._is_new.wait()
            self._is_new.clear()
            count += 1
            text = words.in_virtual_paths(words.one_line(self._latest), self._mount)
            try:
                await self._report(count, None, words.shortened(text, LONGEST))
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):  # The client is gone.
                return
            await asyncio.sleep(INTERVAL)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"
