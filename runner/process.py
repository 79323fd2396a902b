"""Starts forerun's own tools (the installer, the supervisor): with a deadline, both pipes drained, cancellable."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager

from forerun.resolver.value import Value

from .descendants import PR_SET_PDEATHSIG
from .errors import Cancelled, RunnerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import IO, Any, TypeVar

    Process = subprocess.Popen[bytes]
    Started = TypeVar("Started", bound=Process)

DIES_WITH_US = (
    [sys.executable, "-I", "-S", "-c", "import os, sys\ntry:\n    import ctypes\n"
     f"    ctypes.CDLL(None).prctl({PR_SET_PDEATHSIG}, 15)\nexcept ImportError:\n    pass\n"
     "os.execv(sys.argv[1], sys.argv[1:])"]
    if sys.platform.startswith("linux")
    else []
)  # fmt: skip
"""Starts a tool that is ended when we are killed; asked for by the child itself, since we may have threads."""


class ToolOutput(Value):
    """What a tool wrote, and its exit code."""

    code: int
    stdout: bytes
    stderr: bytes


class Cancellation:
    """Ends whatever a run has under way; may be used from any thread, once or more often."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Process | None = None
        self._lifeline: IO[bytes] | None = None
        self._is_cancelled = False

    def cancel(self) -> None:
        """End the running process, and let nothing else start."""
        with self._lock:
            self._is_cancelled = True
            if self._lifeline is not None:
                _close(self._lifeline)
            elif self._running is not None:
                _end(self._running)

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._is_cancelled

    def check(self) -> None:
        """Raise Cancelled if `cancel` was called."""
        if self._is_cancelled:
            raise Cancelled

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: str, descriptors: Sequence[int] = ()
    ) -> Process:
        """Start a process that `cancel` will end by a signal.

        Raises:
            Cancelled: `cancel` was called before.
        """
        with self._lock:
            self.check()
            inherited = {"pass_fds": descriptors} if descriptors else {}
            self._running = _popen(arguments, dict(environment), subprocess.PIPE, cwd=folder, **inherited)
            return self._running

    def tie(self, start: Callable[[], Started]) -> Started:
        """Return what `start` starts, a process that `cancel` will end.

        Raises:
            Cancelled: `cancel` was called before.
        """
        with self._lock:
            self.check()
            started = start()
            self._running = started
            return started

    def adopt(self, supervisor: Process, job: str) -> None:
        """Give a supervisor its job; `cancel` will end it by closing its standard input.

        Raises:
            Cancelled: `cancel` was called before.
        """
        with self._lock:
            self.check()
            assert supervisor.stdin is not None
            self._lifeline, supervisor.stdin = supervisor.stdin, None
            try:
                self._lifeline.write(os.fsencode(job) + b"\n")
                self._lifeline.flush()
            except BrokenPipeError:  # It was killed, and leaves no answer.
                pass

    def finished(self) -> None:
        """Forget the process that was started last."""
        with self._lock:
            if self._lifeline is not None:
                _close(self._lifeline)
            self._running = self._lifeline = None


def run_tool(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: str,
    deadline: float | None,
    cancellation: Cancellation | None = None,
    *,
    descriptors: Sequence[int] = (),
) -> ToolOutput:
    """Run a program to its end, with empty standard input, and return what it wrote.

    It inherits `descriptors` under the numbers that they have here.

    Raises:
        Cancelled: the run was cancelled meanwhile.
        RunnerError: it cannot be started, or did not end within `deadline` seconds.
    """
    owner = cancellation or Cancellation()
    try:
        process = owner.start(arguments, environment, folder, descriptors)
    except OSError as error:
        raise RunnerError(f"cannot start {os.path.basename(arguments[0])}: {error.strerror}") from error
    try:
        stdout, stderr = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired as error:
        raise RunnerError(f"{os.path.basename(arguments[0])} did not end within {deadline} seconds") from error
    finally:
        owner.finished()
        _end(process)
        process.wait()
    owner.check()
    return ToolOutput(process.returncode, stdout, stderr)


def _popen(arguments: Sequence[str], environment: dict[str, str], output: int, **options: Any) -> Process:
    """Start a tool that ends with us, however we end."""
    starter: type[Process] = subprocess.Popen
    if sys.platform == "win32":
        from .windows_processes import Tied as starter
    return starter(
        [*DIES_WITH_US, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options
    )


def start_supervisor(arguments: Sequence[str], environment: Mapping[str, str]) -> Process:
    """Start a supervisor: its standard input is its lifeline, and all that it says comes through one pipe.

    Raises:
        OSError: it cannot be started.
    """
    return subprocess.Popen(
        arguments,
        env=dict(environment),
        cwd=os.sep,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # It ends by its lifeline alone, so that no signal to our group keeps it from cleaning up.
        start_new_session=True,
    )


def end_supervisor(supervisor: Process) -> None:
    """Let go of a supervisor's lifeline, and wait until it has ended all that it started and itself."""
    if supervisor.stdin is not None:
        _close(supervisor.stdin)
    if supervisor.stdout is not None:
        supervisor.stdout.close()
    supervisor.wait()


def _close(lifeline: IO[bytes]) -> None:
    try:
        lifeline.close()
    except BrokenPipeError:  # What was written last could not be delivered.
        pass


@contextmanager
def alongside(arguments: Sequence[str]) -> Iterator[None]:
    """Run a program of ours without streams for as long as we are in the context, or until it ends by itself."""
    try:
        process = _popen(arguments, {}, subprocess.DEVNULL)
    except OSError:
        # What it does can wait until there is room for it.
        yield
        return
    try:
        yield
    finally:
        _end(process)
        process.wait()


def _end(process: Process) -> None:
    if process.poll() is None:
        process.terminate()
