"""Keeps hold of everything that a script starts, however it detaches, and ends all of it."""

from __future__ import annotations

import os
import sys
import time

from .signals import signal

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
"""Operations of prctl(2)."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_prctl_of_libc: Callable[..., object] | None = None


def adopt_orphans() -> None:
    """Make us the parent of every descendant whose own parent ends, so that no daemon escapes (Linux)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """In a forked child: ask to be killed when its parent is, however that happens (Linux)."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(127)


def _prctl(operation: int, value: int) -> None:
    global _prctl_of_libc
    if not sys.platform.startswith("linux"):
        return
    _prctl_of_libc = _prctl_of_libc or _found_prctl()
    _prctl_of_libc(operation, value, 0, 0, 0)


def _found_prctl() -> Callable[..., object]:
    """Return prctl(2), or what does nothing where this Python was built without `ctypes`.

    That module itself costs a warm run three milliseconds.
    """
    try:
        import _ctypes
    except ImportError:
        return _nothing
    try:
        address = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]
        call = _ctypes.call_cdeclfunction
    except AttributeError:
        import ctypes

        found: Callable[..., object] = ctypes.CDLL(None).prctl
        return found
    return lambda *arguments: call(address, arguments)


def _nothing(*_: object) -> None:
    """Do nothing."""


def end_all(mark: str) -> None:
    """Kill every process below us, those that fork while we do so too, and wait until the last is gone.

    `mark` is what all of them have in their environment, by which they are found where orphans cannot be adopted.
    """
    if not sys.platform.startswith("linux"):
        _end_marked(mark)
        return
    while _has_children():
        below = _below(os.getpid())
        # What was started through sudo is not ours to end, nor to wait for.
        if below and not sum(kill(process) for process in below):
            return
        time.sleep(0.001)
    if _prctl_of_libc is _nothing:
        _end_marked(mark)


def _end_marked(mark: str) -> None:
    from .process_table import started_by

    while True:
        _has_children()
        left = started_by(os.getpid(), mark)
        if not left or not sum(kill(process) for process in left):
            return


def kill(process: int) -> bool:
    """Kill a process, and say whether it is gone or will be."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except PermissionError:
        return False
    return True


def _has_children() -> bool:
    while True:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if ended == 0:
            return True


def _below(process: int) -> list[int]:
    """Return all descendants of a process, parents first, by the parent that /proc names for each."""
    children: dict[int, list[int]] = {}
    try:
        numbers = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:
        return []
    for number in numbers:
        try:
            with open(f"/proc/{number}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if fields[0] != b"Z":
            children.setdefault(int(fields[1]), []).append(number)
    found = list(children.get(process, ()))
    for number in found:
        found.extend(children.get(number, ()))
    return found
