"""The folder that holds layers, remembered resolutions and the folders of runs: where things are, and locks.

What only goes wrong, or comes last, is imported there: a run waits for this module before its script can start.
"""

from __future__ import annotations

import os
import stat
import sys
import time

from .locking import claim, lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .errors import StoreError
    from .locking import Held

VERSION = "1"
"""Part of the path, so that a later forerun with another layout leaves this one alone."""

FOLDERS = ("layers", "building", "resolutions", "runs", "locks", "trash", "predictions")


def cache_folder(environment: dict[str, str] | os._Environ[str] = os.environ) -> str:
    """Return the folder of the store: `FORERUN_CACHE_DIR`, or forerun's part of the user's cache folder."""
    chosen = environment.get("FORERUN_CACHE_DIR")
    if chosen:
        return os.path.abspath(chosen)
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Caches/forerun")
    if sys.platform == "win32":
        local = environment.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
        return os.path.join(local, "forerun", "Cache")
    base = environment.get("XDG_CACHE_HOME", "")
    return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.cache"), "forerun")


class Store:
    """A store that exists, is ours alone, and can be written to."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.root = os.path.join(folder, VERSION)

    def path(self, *parts: str) -> str:
        """Return a path inside the store."""
        return os.path.join(self.root, *parts)


def open_store(folder: str | None = None) -> Store:
    """Return the store, made if need be.

    Raises:
        StoreError: it is not a folder, not ours, open to others, or cannot be written to.
        SystemUnsupported: this system cannot lock files as we need it.
    """
    if sys.platform != "win32" and not hasattr(os, "fork"):
        from .errors import SystemUnsupported

        raise SystemUnsupported
    store = Store(folder or cache_folder())
    try:
        if not all(os.path.isdir(store.path(name)) for name in FOLDERS):
            _make(store)
        _check_ours(store)
    except OSError as error:
        raise unusable(store, _why(error)) from error
    return store


def _make(store: Store) -> None:
    _make_folder(store.folder)
    for path in (store.root, *map(store.path, FOLDERS)):
        if not os.path.lexists(path):
            _make_private(path)


def _make_folder(path: str) -> None:
    """Make a folder for us alone, and those above it that are missing."""
    if not os.path.isdir(path):
        above = os.path.dirname(path)
        if above != path:
            _make_folder(above)
        _make_private(path)


def _make_private(path: str) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        # Another process was quicker, or it is no folder, which is seen when it is used.
        if not os.path.isdir(path):
            raise


def _check_ours(store: Store) -> None:
    """A store that others can write to could hand us their code; one that they can read holds our scripts' files.

    The folder itself may have been made by somebody else, even be a link; what is in it was made by us, for us alone.
    """
    if sys.platform == "win32":
        # The user's own folders are closed to others there, and modes say nothing.
        return
    _check_owner(store, os.stat(store.folder), 0o022)
    for path in (store.root, *map(store.path, FOLDERS)):
        status = os.lstat(path)
        if not stat.S_ISDIR(status.st_mode):
            inside = os.path.relpath(path, store.folder)
            raise unusable(store, f"cannot be used: {inside} in it is not a folder, or a link to one")
        _check_owner(store, status, 0o077, path)
    if not os.access(store.path("runs"), os.W_OK):
        raise unusable(store, "cannot be written to")


def _check_owner(store: Store, status: os.stat_result, forbidden: int, path: str = "") -> None:
    if status.st_uid == os.geteuid() and not status.st_mode & forbidden:
        return
    where = f", in {os.path.relpath(path, store.folder)}" if path else ""
    if status.st_uid != os.geteuid():
        raise unusable(store, f"belongs to another user{where}")
    what = "written to" if status.st_mode & 0o022 else "read"
    raise unusable(store, f"can be {what} by others{where} (make it private with chmod -R go=)")


def unusable(store: Store, reason: str) -> StoreError:
    """Return the error that says so."""
    from .errors import StoreError

    return StoreError(store.folder, reason)


def _why(error: OSError) -> str:
    import errno

    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "cannot be written to"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "is on a file system with no space left"
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return "is not a folder"
    return f"cannot be used ({error.strerror})"


class Lock:
    """An advisory lock on a name, held by one process at a time and released when that process dies."""

    def __init__(self, store: Store, name: str, should_stop: Callable[[], None] = lambda: None) -> None:
        self._path = store.path("locks", name)
        self._should_stop = should_stop
        self._held: Held | None = None

    def __enter__(self) -> Lock:
        while (held := lock(self._path)) is None:
            self._should_stop()
            time.sleep(0.02)
        self._held = held
        return self

    def __exit__(self, *_: object) -> None:
        if self._held is not None:
            self._held.release()


class Claim:
    """A new folder in `runs` or `building`, held for as long as we live, so that `recover` spares it.

    A context manager; leaving it deletes the folder.
    """

    def __init__(self, store: Store, kind: str, name: str) -> None:
        self.folder = store.path(kind, name)
        self._held: Held | None = None

    def __enter__(self) -> Claim:
        self._held = claim(self.folder)
        return self

    @property
    def descriptor(self) -> int:
        """What a process inherits that holds the folder, too, and may outlive us; -1 where it is not held (POSIX)."""
        return self._held.descriptor if self._held is not None else -1

    def __exit__(self, *_: object) -> None:
        from .recovery import discard

        discard(self.folder)
        if self._held is not None:
            self._held.release()
