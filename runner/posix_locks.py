"""Files and folders -> held by one process or shared by several, until they let go or die, whatever the cause (POSIX).

flock(2) belongs to an open file and not to a process number, which is used again, and means nothing to a process in
another container that shares the store. A folder is locked itself, so that it takes its lock along when it is renamed.
"""

from __future__ import annotations

import os

from .opening import CLOSED_ON_EXEC, FOLDER, FOLLOW_NO_LINK, WAIT_FOR_NOBODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Held:
    """A lock that is held until it is released, or we die."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def descriptor(self) -> int:
        """What a process inherits that holds it together with us."""
        return self._descriptor

    def release(self) -> None:
        """Let go; may be called more than once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    __del__ = release


def lock(path: str) -> Held | None:
    """Hold a lock file alone, made if need be; None while somebody else has it.

    Raises:
        OSError: it cannot be made.
    """
    held = Held(os.open(path, os.O_CREAT | os.O_RDWR | CLOSED_ON_EXEC | FOLLOW_NO_LINK, 0o600))
    # Where pruning has deleted the file meanwhile, the next comer would lock another one.
    return held if _alone(held) and os.fstat(held._descriptor).st_nlink else None


def claim(folder: str) -> Held:
    """Make a folder that is ours alone from the moment it has its name.

    Raises:
        OSError: it cannot be made.
    """
    # Hidden until it is locked, since whoever looks for abandoned ones might look at it in between.
    hidden = os.path.join(os.path.dirname(folder), f".{os.path.basename(folder)}")
    os.mkdir(hidden, 0o700)
    held = Held(os.open(hidden, os.O_RDONLY | FOLDER | CLOSED_ON_EXEC))
    _flock(held, is_shared=True)
    os.rename(hidden, folder)
    return held


def use(folder: str, name: str = "") -> Held | None:  # noqa: ARG001
    """Share a folder with all who use it; None where it is gone, or is being taken away.

    `name` is the path that it is about to get, "" where it has it already; here it makes no difference.
    """
    try:
        held = Held(os.open(folder, os.O_RDONLY | FOLDER | CLOSED_ON_EXEC | FOLLOW_NO_LINK))
        _flock(held, is_shared=True)
        # Between our opening and our locking it, it may have been moved away.
        return held if os.path.samestat(os.fstat(held._descriptor), os.lstat(folder)) else None
    except OSError:
        return None


def is_used(path: str) -> bool:
    """Whether somebody holds a folder or a lock file right now.

    Raises:
        OSError: it cannot be looked at.
    """
    flags = os.O_RDONLY | CLOSED_ON_EXEC | FOLLOW_NO_LINK | WAIT_FOR_NOBODY
    try:
        return not _alone(Held(os.open(path, flags)))
    except FileNotFoundError:
        return False


def take_away(folder: str, target: str, locks: Sequence[str] = ()) -> bool:
    """Rename a folder that nobody uses, all at once, so that nobody can begin to use a part of it.

    `locks` are files that those lock who work on it. Returns whether it could be done.
    """
    try:
        held = [Held(_opened(folder))]
        held += [Held(os.open(path, os.O_RDWR | CLOSED_ON_EXEC | FOLLOW_NO_LINK)) for path in locks]
        if not all(map(_alone, held)):
            return False
        os.rename(folder, target)
    except OSError:
        return False
    return True


def _opened(folder: str) -> int:
    """Open a folder that is to go, on which a script may have taken our rights away."""
    flags = os.O_RDONLY | CLOSED_ON_EXEC | FOLLOW_NO_LINK
    try:
        return os.open(folder, flags)
    except PermissionError:
        os.chmod(folder, 0o700)
        return os.open(folder, flags)


def remove_if_free(path: str) -> None:
    """Delete a lock file that nobody has; who waits for it sees that it is gone."""
    try:
        held = Held(os.open(path, os.O_RDWR | CLOSED_ON_EXEC | FOLLOW_NO_LINK))
        if _alone(held):
            os.unlink(path)
    except OSError:
        pass


def _alone(held: Held) -> bool:
    """Take a lock for nobody else, unless somebody has it."""
    try:
        _flock(held, is_shared=False)
    except BlockingIOError:  # Anything else says that there are no locks here, for which nobody can wait.
        return False
    return True


def _flock(held: Held, *, is_shared: bool) -> None:
    import fcntl

    fcntl.flock(held._descriptor, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
