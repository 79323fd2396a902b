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
    from collections.abc import Iterator, Mapping, Sequence
    from typing import IO


DIES_WITH_US = (
    [sys.executable, "-I", "-S", "-c", f"import ctypes, os, sys; ctypes.CDLL(None).prctl({PR_SET_PDEATHSIG}, 15); "
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
        self._running: subprocess.Popen[bytes] | None = None
        self._lifeline: IO[bytes] | None = None
        self._is_cancelled = False

    def cancel(self) -> None:
        """End the running process, and let nothing else start."""
        with self._lock:
            self._is_cancelled = True
            if self._lifeline is not None:
                self._lifeline.close()
            elif self._running is not None:
                _end(self._running)

    def check(self) -> None:
        """Raise Cancelled if `cancel` was called."""
        if self._is_cancelled:
            raise Cancelled

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: str,
        *,
        by_lifeline: bool,
        descriptors: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start a process that `cancel` will end, by closing its stdin or by a signal.

        Raises:
            Cancelled: `cancel` was called before.
        """
        with self._lock:
            self.check()
            stdin = subprocess.PIPE if by_lifeline else subprocess.DEVNULL
            process = subprocess.Popen(
                arguments if by_lifeline else [*DIES_WITH_US, *arguments],
                env=dict(environment),
                cwd=folder,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # A supervisor ends by its lifeline alone, so that no signal to our group keeps it from cleaning up.
                start_new_session=by_lifeline,
                pass_fds=descriptors,
            )
            # Taken from the process, since `communicate` would close it at once.
            self._lifeline, process.stdin = process.stdin, None
            self._running = process
            return process

    def finished(self) -> None:
        """Forget the process that was started last."""
        with self._lock:
            if self._lifeline is not None:
                self._lifeline.close()
            self._running = self._lifeline = None


def run_tool(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: str,
    deadline: float | None,
    cancellation: Cancellation | None = None,
    *,
    ends_by_lifeline: bool = False,
    descriptors: Sequence[int] = (),
) -> ToolOutput:
    """Run a program to its end and return what it wrote.

    Its stdin is empty, or with `ends_by_lifeline` a pipe that stays open until the program is to end; it inherits
    `descriptors` under the numbers that they have here.

    Raises:
        Cancelled: the run was cancelled meanwhile.
        RunnerError: it cannot be started, or did not end within `deadline` seconds.
    """
    owner = cancellation or Cancellation()
    try:
        process = owner.start(arguments, environment, folder, by_lifeline=ends_by_lifeline, descriptors=descriptors)
    except OSError as error:
        raise RunnerError(f"cannot start {os.path.basename(arguments[0])}: {error.strerror}") from error
    try:
        stdout, stderr = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired as error:
        raise RunnerError(f"{os.path.basename(arguments[0])} did not end within {deadline} seconds") from error
    finally:
        owner.finished()
        if not ends_by_lifeline:
            _end(process)
        process.wait()
    if not ends_by_lifeline:
        owner.check()
    return ToolOutput(process.returncode, stdout, stderr)


@contextmanager
def alongside(arguments: Sequence[str]) -> Iterator[None]:
    """Run a program of ours without streams for as long as we are in the context, or until it ends by itself."""
    try:
        process = subprocess.Popen(
            [*DIES_WITH_US, *arguments],
            env={},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        # What it does can wait until there is room for it.
        yield
        return
    try:
        yield
    finally:
        _end(process)
        process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
