"""Files and folders -> held by one process or shared by several, until they let go or die (Windows).

The same functions as in `posix_locks.py`. A folder cannot be locked there, nor renamed while something in it is open,
so that a file in the store's folder of locks stands for it. See `LockFileEx` in Microsoft's documentation.
"""

from __future__ import annotations

import os
import time

from .opening import CLOSED_ON_EXEC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

AT_ONCE, FOR_US_ALONE = 1, 2
"""LOCKFILE_FAIL_IMMEDIATELY, LOCKFILE_EXCLUSIVE_LOCK."""
PAUSE = 0.005
PATIENCE = 400
"""Pauses after which what is being taken away has been."""

_kernel: Any = None


class Held:
    """A lock that is held until it is released, or we die; the file at `path`, if any, goes with it."""

    __slots__ = ("_descriptor", "_path")

    def __init__(self, descriptor: int, path: str = "") -> None:
        self._descriptor = descriptor
        self._path = path

    def release(self) -> None:
        """Let go; may be called more than once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            if self._path:
                remove_if_free(self._path)

    __del__ = release


def lock(path: str) -> Held | None:
    """Hold a lock file alone, made if need be; None while somebody else has it.

    Raises:
        OSError: it cannot be made.
    """
    return _locked(path, AT_ONCE | FOR_US_ALONE)


def claim(folder: str) -> Held:
    """Make a folder that is ours alone from the moment it has its name.

    Raises:
        OSError: it cannot be made.
    """
    path = _file_of(folder)
    held = _locked(path, AT_ONCE | FOR_US_ALONE)
    if held is None:
        raise FileExistsError(17, "is in use", folder)
    held._path = path
    os.mkdir(folder, 0o700)
    return held


def use(folder: str, name: str = "") -> Held | None:
    """Share a folder with all who use it; None where it is gone, or is being taken away.

    `name` is the path that it is about to get, "" where it has it already.
    """
    for _ in range(PATIENCE):
        try:
            held = _locked(_file_of(name or folder), AT_ONCE)
        except OSError:
            return None
        if held is not None:
            return held if os.path.isdir(folder) else None
        time.sleep(PAUSE)
    return None


def is_used(path: str) -> bool:
    """Whether somebody holds a folder or a lock file right now.

    Raises:
        OSError: it cannot be looked at.
    """
    file = _file_of(path) if os.path.isdir(path) else path
    return os.path.exists(file) and _locked(file, AT_ONCE | FOR_US_ALONE) is None


def take_away(folder: str, target: str, locks: Sequence[str] = ()) -> bool:
    """Rename a folder that nobody uses, all at once, so that nobody can begin to use a part of it.

    `locks` are files that those lock who work on it. Returns whether it could be done.
    """
    try:
        held = [lock(path) for path in (_file_of(folder), *locks)]
        if None in held:
            return False
        os.rename(folder, target)
    except OSError:
        return False
    return True


def remove_if_free(path: str) -> None:
    """Delete a lock file that nobody has: the system refuses while somebody has it open."""
    try:
        os.unlink(path)
    except OSError:
        pass


def _file_of(folder: str) -> str:
    """Return the file that stands for a folder of the store."""
    kinds, name = os.path.split(folder)
    root, kind = os.path.split(kinds)
    return os.path.join(root, "locks", f"{kind}-{name}")


def _locked(path: str, flags: int) -> Held | None:
    held = Held(os.open(path, os.O_CREAT | os.O_RDWR | CLOSED_ON_EXEC, 0o600))
    return held if _lock_first_byte(held._descriptor, flags) else None


def _lock_first_byte(descriptor: int, flags: int) -> bool:
    """Lock the first byte of a file, as `msvcrt.locking` does, too; it need not be there."""
    global _kernel
    import ctypes
    import msvcrt

    system: Any = ctypes
    files: Any = msvcrt
    if _kernel is None:
        _kernel = system.WinDLL("kernel32", use_last_error=True)
    handle = system.c_void_p(files.get_osfhandle(descriptor))
    # OVERLAPPED: the offset is zero, and nobody waits.
    return bool(_kernel.LockFileEx(handle, flags, 0, 1, 0, system.create_string_buffer(32)))
