"""A job file -> its supervisor process, started now or in advance, and what that says while it runs."""

from __future__ import annotations

import os
import sys
import threading

from forerun.resolver.value import Value

from .last_line import ENDED, MARK, TAKEN
from .process import Cancellation, end_supervisor, start_supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .process import Process

PACKAGE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOADER_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What an interpreter may need to find its own library; the supervisor gets nothing else of ours."""

STARTER = f"import sys; sys.path.insert(0, {PACKAGE_ROOT!r}); from forerun.runner.supervised import main; main()"
LONGEST_COMPLAINT = 4096


class Said(Value):
    """What a supervisor said: how its script ended (see `read_ending`), if it did, and its interpreter's complaint."""

    ending: bytes = b""
    complaint: str = ""


class Supervisors:
    """Starts supervisors; one may wait in advance, so that a run does not wait for an interpreter to start.

    May be used from several threads. One that waits ends by itself when we die, since its standard input does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, Process] = {}
        self._is_closed = False

    def take(self, python: str) -> Process:
        """Return a supervisor that waits for its job: the one that was started in advance, if it still lives.

        Raises:
            OSError: none can be started.
        """
        with self._lock:
            waiting = self._waiting.pop(python, None)
        if waiting is not None:
            if waiting.poll() is None:
                return waiting
            end_supervisor(waiting)
        return _start(python)

    def prepare(self, python: str) -> None:
        """Start a supervisor in advance, if none waits; on Windows runs have none."""
        if sys.platform == "win32":
            return
        with self._lock:
            if not self._is_closed and python not in self._waiting:
                try:
                    self._waiting[python] = _start(python)
                except OSError:  # Too many processes: the next run may say so.
                    return

    def close(self) -> None:
        """End those that wait."""
        with self._lock:
            self._is_closed = True
            waiting = list(self._waiting.values())
            self._waiting.clear()
        for each in waiting:
            end_supervisor(each)


def _start(python: str) -> Process:
    needed = {name: os.environ[name] for name in LOADER_VARIABLES if name in os.environ}
    return start_supervisor([python, "-I", "-S", "-c", STARTER], needed)


def supervise(
    supervisor: Process,
    job: str,
    cancellation: Cancellation,
    on_line: Callable[[str], None] | None = None,
) -> Said | None:
    """Give a supervisor its job, wait until it has ended, and return what it said.

    Returns None where it was killed before it took the job. Of one that did not end well the ending counts for nothing:
    a script that may write to its pipe (`/proc/PID/fd/1`) would have to kill it to have the last word. `on_line` is
    called with the script's last line of output, now and then.

    Raises:
        Cancelled: the run was cancelled before.
    """
    ending, complaint, is_taken = b"", b"", False
    # A script may have given a waiting supervisor a job of its own, where it can reach its input (`/proc/PID/fd/0`).
    token = os.urandom(16).hex()
    end = ENDED + token.encode()
    try:
        cancellation.adopt(supervisor, f"{token} {job}")
        assert supervisor.stdout is not None
        for line in supervisor.stdout:
            if line == TAKEN:
                is_taken = True
            elif line.startswith(ENDED):
                ending = line.removeprefix(end) if line.startswith(end) else ending
            elif not line.startswith(MARK):
                complaint = (complaint + line)[-LONGEST_COMPLAINT:]
            elif on_line is not None:
                on_line(line[1:-1].decode("utf-8", "replace"))
    finally:
        cancellation.finished()
        end_supervisor(supervisor)
    if not (is_taken or complaint):
        return None
    return Said(b"" if supervisor.returncode else ending, complaint.decode("utf-8", "replace"))
