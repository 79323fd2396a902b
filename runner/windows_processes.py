"""A command line -> a running script in a job object, watched until it and everything it started are gone (Windows).

No supervisor stands between: when we die, the system closes our job objects, and so ends what is in them.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import threading
import time

from .capture import Capture
from .confinement import FAILURES
from .job_object import CREATE_SUSPENDED, LIMITS, JobObject
from .last_line import INTERVAL, LastLine
from .supervisor import GRACE, Ending, Job
from .windows_pipes import PipeReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from .process import Cancellation

NO_WINDOW, OWN_GROUP, IDLE = 0x08000000, 0x00000200, 0x00000040
"""CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP, IDLE_PRIORITY_CLASS."""
ESSENTIAL = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "TEMP", "TMP", "PATHEXT")
"""Variables without which hardly anything starts there."""
DRAIN = 1.0
"""Seconds for which output is still read once the script has ended and its descendants are gone."""


class Tied(subprocess.Popen[bytes]):
    """A process in a job object of its own: it and all that it starts end together, at the latest with us."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        creationflags: int = NO_WINDOW,
        limits: Mapping[str, int] | None = None,
        **options: Any,
    ) -> None:
        self._job = JobObject(limits)
        needed = {name: os.environ[name] for name in ESSENTIAL if name in os.environ}
        super().__init__(arguments, env={**needed, **env}, creationflags=creationflags | CREATE_SUSPENDED, **options)
        try:
            handle: Any = self._handle  # type: ignore[attr-defined]
            self._job.take(int(handle))
        except OSError:
            # It has not run yet, and would wait for ever.
            super().kill()
            self.wait()
            raise

    def terminate(self) -> None:
        """End it and all that it has started."""
        self._job.end()

    kill = terminate

    def close(self) -> None:
        """End all that is left of it, and let go of it and of its streams."""
        self._job.close()
        self.wait()
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()


def run_attached(job: Job, _begin: object = None) -> Ending:
    """Run a job with our own console and streams; Ctrl-C reaches it by itself. None is begun ahead here.

    Raises:
        OSError: the job cannot be started.
    """
    script = _started(job)
    background = _background(job)
    before = {number: signal.signal(number, _leave_to_script) for number in (signal.SIGINT, _BREAK)}
    try:
        is_timeout = not _has_ended(script, job.deadline)
        script.terminate()
        return Ending(_signed(script.wait()), is_timeout=is_timeout)
    finally:
        for each in (script, *background):
            each.close()
        for number, handler in before.items():
            signal.signal(number, handler)


_BREAK: Any = getattr(signal, "SIGBREAK", signal.SIGINT)


def _leave_to_script(_number: int, _frame: object) -> None:
    """Do nothing: the console has told the script, too."""


def _started(job: Job, streams: tuple[Any, Any, Any] = (None, None, None), flags: int = 0) -> Tied:
    """Start a job.

    Raises:
        OSError: it cannot be started; one of `confinement.FAILURES` where that says why.
    """
    for asked, failed in ((job.visible, "sandbox"), (job.no_network, "network"), (job.mounts, "mount")):
        if asked:
            raise FAILURES[failed](errno.ENOSYS, "Windows has nothing for it")
    other = job.limits.keys() - LIMITS
    if other:
        raise OSError(errno.ENOSYS, f"Windows cannot limit {', '.join(sorted(other))}".replace("_", " "))
    stdin, stdout, stderr = streams
    return Tied(
        job.arguments, env=job.environment, cwd=job.folder or None, limits=job.limits, creationflags=flags,
        stdin=stdin, stdout=stdout, stderr=stderr,
    )  # fmt: skip


def _background(job: Job) -> list[Tied]:
    """Start a job's background program; whether it can be started does not matter to the job."""
    if not job.background:
        return []
    nothing = subprocess.DEVNULL
    try:
        flags = NO_WINDOW | IDLE
        return [Tied(job.background, env={}, stdin=nothing, stdout=nothing, stderr=nothing, creationflags=flags)]
    except OSError:
        return []


def _has_ended(script: Tied, seconds: float | None) -> bool:
    try:
        script.wait(seconds or None)
    except subprocess.TimeoutExpired:
        return False
    return True


def _signed(code: int) -> int:
    """Return an exit code as `sys.exit` takes it: that of a crash is a number beyond a signed one."""
    return code - (1 << 32) if code >= 1 << 31 else code


def run_captured(
    told: dict[str, Any], folder: str, cancellation: Cancellation, on_line: Callable[[str], None] | None
) -> dict[str, Any]:
    """Do what a supervisor does elsewhere: run a job, write its `output` into a folder, and return its ending.

    Raises:
        Cancelled: the run was cancelled before.
    """
    try:
        return _Captured(told, cancellation, on_line).ending(os.path.join(folder, "output"))
    except OSError as error:
        refused = next((name for name, kind in FAILURES.items() if kind is type(error) is not OSError), "")
        return {"failure": error.strerror or str(error), "errno": error.errno, "refused": refused}


class _Captured:
    """One script with its output pipes, its deadline, and somebody who may cancel it."""

    def __init__(self, told: dict[str, Any], cancellation: Cancellation, on_line: Callable[[str], None] | None) -> None:
        self._told = told
        self._cancellation = cancellation
        self._capture = Capture(told["head"], told["tail"])
        self._lock = threading.Lock()
        self._last_line = LastLine(lambda line: on_line(line[1:-1].decode("utf-8", "replace"))) if on_line else None
        self._job = Job(
            told["arguments"], told["environment"], told["folder"], told["deadline"], told["mounts"],
            told["background"], **told["confined"],
        )  # fmt: skip

    def ending(self, output: str) -> dict[str, Any]:
        """Run it to its end."""
        with open(self._told["stdin"] or os.devnull, "rb") as stdin:
            flags = OWN_GROUP | (0 if _has_console() else NO_WINDOW)
            script = self._cancellation.tie(
                lambda: _started(self._job, (stdin, subprocess.PIPE, subprocess.PIPE), flags)
            )
        background = _background(self._job)
        reader = PipeReader(_outputs(script), self._take)
        try:
            is_timeout = not self._waited(script)
            if is_timeout:
                _ask_to_end(script)
        finally:
            script.terminate()
            reader.finish(DRAIN)
            self._cancellation.finished()
            for each in (script, *background):
                each.close()
        with self._lock:
            self._capture.save(output)
        outcome = "cancelled" if self._cancellation.is_cancelled else "timeout" if is_timeout else "exited"
        return {"outcome": outcome, "signal": 0, "code": _signed(script.returncode)}

    def _waited(self, script: Tied) -> bool:
        """Wait until a script has ended, telling its last line; say whether it did within its time."""
        if self._last_line is None:
            return _has_ended(script, self._job.deadline)
        until = time.monotonic() + self._job.deadline if self._job.deadline else float("inf")
        while time.monotonic() < until:
            if _has_ended(script, min(INTERVAL, until - time.monotonic())):
                return True
            with self._lock:
                if self._last_line.milliseconds() is not None:
                    self._last_line.tell()
        return False

    def _take(self, number: int, data: bytes) -> None:
        with self._lock:
            self._capture.add(number, data)
            if self._last_line is not None:
                self._last_line.add(data)


def _outputs(script: Tied) -> dict[int, int]:
    assert script.stdout is not None
    assert script.stderr is not None
    return {1: script.stdout.fileno(), 2: script.stderr.fileno()}


def _has_console() -> bool:
    """Whether we have a console that what we start shares; else each program would open a window of its own."""
    import ctypes

    system: Any = ctypes
    return bool(system.WinDLL("kernel32").GetConsoleCP())


def _ask_to_end(script: Tied) -> None:
    """Send Ctrl-Break to a script's own group, and give it the grace time to heed it."""
    try:
        script.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
    except OSError:  # It has no console.
        return
    _has_ended(script, GRACE)
