"""A layer in use -> a lock on its folder that pruning respects; a layer that nobody uses -> taken away whole."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TAINTED = "tainted"
"""A file in a layer that a script has written into: it is not used again, and goes when its last run has ended."""


class Lease:
    """A shared lock on a layer's folder, held until it is released or we die."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the layer go; may be called more than once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    __del__ = release


def hold(folder: str) -> Lease | None:
    """Use a layer from now on, and note that it was used; None where it is gone or not to be used any more."""
    import fcntl

    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    lease = Lease(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        # Between our opening and our locking it, pruning may have moved it away.
        if not os.path.samestat(os.fstat(descriptor), os.lstat(folder)) or not is_usable(folder):
            return None
        # The time of its last use, by which pruning chooses; that of its building is its pyvenv.cfg's.
        os.utime(descriptor)
    except OSError:
        return None
    return lease


def is_usable(folder: str) -> bool:
    """Whether a folder is a whole layer that no script has written into."""
    return os.path.isfile(os.path.join(folder, "pyvenv.cfg")) and not os.path.lexists(os.path.join(folder, TAINTED))


def taint(folder: str) -> None:
    """Let no later run use a layer."""
    try:
        # The script may have taken our rights on it away.
        os.chmod(folder, 0o700)
        marker = os.path.join(folder, TAINTED)
        os.close(os.open(marker, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    except OSError:
        # It is no folder any more, or the marker is there already, as something else: no layer in either case.
        pass


def take_away(folder: str, target: str, locks: Sequence[str] = ()) -> bool:
    """Rename a folder that nobody uses, all at once, so that no run can begin to use a part of it.

    `locks` are files that those lock who work on it. Returns whether it could be done.
    """
    import fcntl

    held = []
    try:
        for path in (folder, *locks):
            kind = os.O_RDONLY if path == folder else os.O_RDWR
            held.append(os.open(path, kind | os.O_CLOEXEC | os.O_NOFOLLOW))
            fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(folder, target)
    except OSError:
        return False
    finally:
        for each in held:
            os.close(each)
    return True


def is_held(folder: str) -> bool:
    """Whether somebody uses a folder or a file right now."""
    import fcntl

    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
