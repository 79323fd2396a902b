"""The supervisor process of a captured run: job file in, output out through a file, its ending through our pipe.

Its standard input brings the job file's path, at once or later, and then is a lifeline: when that ends, because the run
was cancelled or whoever asked for it died, the script and everything it started are ended too.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from contextlib import suppress

from . import descendants
from .capture import Capture
from .confinement import FAILURES
from .last_line import ENDED, TAKEN, LastLine
from .supervisor import GRACE, Job, group_for, start, start_background

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LIFELINE, TELLS = 0, 1
"""Our standard input and output, as whoever started us sees them."""
DRAIN = 1.0
"""Seconds for which output is still read once the script has ended and its descendants are gone."""


def main() -> None:
    """Run the job that standard input names, a token and a file; write `output` beside it, and say how it ended."""
    descendants.adopt_orphans()
    token, _, path = _awaited_line().partition(" ")
    if not path:
        return
    os.write(TELLS, TAKEN)
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    folder = os.path.dirname(path)
    capture = Capture(told["head"], told["tail"])
    try:
        ending = _Run(told, capture).ending()
    except OSError as error:
        refused = next((name for name, kind in FAILURES.items() if kind is type(error) is not OSError), "")
        ending = {"failure": error.strerror or str(error), "errno": error.errno, "refused": refused}
    capture.save(os.path.join(folder, "output"))
    _say(ENDED + token.encode() + json.dumps(ending).encode() + b"\n")
    # Somebody waits for us: to take the interpreter apart would take longer than to write the answer.
    os._exit(0)


def _say(line: bytes) -> None:
    """Say how it ended to whoever waits: not by a file, which a script could write, too, before it kills us."""
    try:
        with open(TELLS, "wb", closefd=False) as pipe:
            pipe.write(line)
    except OSError:  # Nobody waits any more.
        pass


def _awaited_line() -> str:
    """Return the first line of standard input, or "" when nobody has a job for us any more."""
    line = b""
    while b"\n" not in line:
        data = os.read(LIFELINE, 4096)
        if not data:
            return ""
        line += data
    return os.fsdecode(line.partition(b"\n")[0])


class _Run:
    """One script with its output pipes, deadline and lifeline."""

    def __init__(self, told: dict[str, Any], capture: Capture) -> None:
        self._capture = capture
        self._deadline = time.monotonic() + told["deadline"] if told["deadline"] else None
        self._outcome = "exited"
        self._killing = False
        self._last_line = LastLine(lambda line: os.write(TELLS, line)) if told["tells_lines"] else None
        self._streams: dict[int, int] = {}
        stdin = os.open(told["stdin"] or os.devnull, os.O_RDONLY)
        readers, writers = zip(os.pipe(), os.pipe(), strict=True)
        job = Job(
            told["arguments"],
            told["environment"],
            told["folder"],
            None,
            told["mounts"],
            told["background"],
            told["closed"],
            **told["confined"],
        )
        self._mark = job.mark
        self._wake = _wake_on_child()
        self._group = group_for(job)
        try:
            self._process = start(job, (stdin, *writers), own_session=True, group=self._group)
        except OSError:
            self._remove_group()
            raise
        for number, (reader, writer) in enumerate(zip(readers, writers, strict=True), 1):
            os.close(writer)
            os.set_blocking(reader, False)
            self._streams[reader] = number
        start_background(job)

    def ending(self) -> dict[str, Any]:
        """Watch until the script has ended, then end what it left behind and read the rest of its output."""
        poll = select.poll()
        for descriptor in (LIFELINE, self._wake, *self._streams):
            poll.register(descriptor, select.POLLIN)
        status: int | None = None
        while status is None:
            ready = {descriptor for descriptor, _ in poll.poll(self._milliseconds())}
            self._read(poll, ready)
            if self._last_line is not None and not ready:
                self._last_line.tell()
            if LIFELINE in ready and not self._lifeline_holds():
                poll.unregister(LIFELINE)
                self._end("cancelled")
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._end("timeout" if self._outcome == "exited" else self._outcome)
            status = self._status(self._wake in ready)
        reached = self._group.reached() if self._group else ()
        descendants.end_all(self._mark)
        self._remove_group()
        self._drain()
        is_signal = os.WIFSIGNALED(status)
        return {
            "outcome": self._outcome,
            "reached": reached,
            "signal": os.WTERMSIG(status) if is_signal else 0,
            "code": 128 + os.WTERMSIG(status) if is_signal else os.waitstatus_to_exitcode(status),
        }

    def _remove_group(self) -> None:
        if self._group is not None:
            self._group.remove()

    def _milliseconds(self) -> float | None:
        """Return how long nothing need be done, None for as long as nothing happens."""
        waits = [self._group.end_if_over() * 1000] if self._group else []
        if self._deadline is not None:
            waits.append(max(0.0, (self._deadline - time.monotonic()) * 1000))
        untold = self._last_line.milliseconds() if self._last_line else None
        if untold is not None:
            waits.append(untold)
        return min(waits, default=None)

    def _read(self, poll: select.poll, ready: set[int]) -> None:
        for descriptor in ready & self._streams.keys():
            if self._take(descriptor) == b"":
                poll.unregister(descriptor)
                os.close(descriptor)
                del self._streams[descriptor]

    def _take(self, descriptor: int) -> bytes | None:
        """Move what is there into the capture; b"" at the end of the stream, None where nothing is there now."""
        try:
            data = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return None
        self._capture.add(self._streams[descriptor], data)
        if self._last_line is not None:
            self._last_line.add(data)
        return data

    def _lifeline_holds(self) -> bool:
        return os.read(LIFELINE, 1024) != b""

    def _end(self, outcome: str) -> None:
        """Ask the script's whole group to end; when it did not within the grace time, kill it."""
        self._outcome = outcome
        number = signal.SIGKILL if self._killing else signal.SIGTERM
        # It leads its group: sent to both, the signal would come twice.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process, number)
        self._killing = True
        self._deadline = time.monotonic() + (0.2 if outcome == "cancelled" else GRACE)

    def _status(self, woken: bool) -> int | None:
        if woken:
            os.read(self._wake, 1024)
        found = None
        while True:
            try:
                ended, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return found
            if ended == 0:
                return found
            if ended == self._process:
                found = status

    def _drain(self) -> None:
        until = time.monotonic() + DRAIN
        while self._streams and time.monotonic() < until:
            for descriptor in list(self._streams):
                if not self._take(descriptor):
                    del self._streams[descriptor]


def _wake_on_child() -> int:
    """Return a descriptor that becomes readable whenever a child ends."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reader
