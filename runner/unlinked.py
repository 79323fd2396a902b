"""A path below the mounted folder -> what is there, following no links: a script may have put one anywhere."""

from __future__ import annotations

import errno
import os
import stat
import sys

from .opening import CLOSED_ON_EXEC, FOLDER, FOLLOW_NO_LINK, WAIT_FOR_NOBODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class FileRefused(Exception):
    """A path outside the mount, or one that leads to no file that may be read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path[:200]!r} {self.reason}"


LINKED = "is or goes through a link, and links are not followed"


def open_below(folder: str, parts: Sequence[str]) -> int:
    """Open what is below the mounted folder for reading, waiting for nobody, and return its descriptor.

    Raises:
        FileRefused: a link stands in the way.
        OSError: it cannot be opened.
    """
    if sys.platform == "win32":
        from .windows_unlinked import checked

        return checked(folder, parts)
    above = _open_folder(folder, parts[:-1])
    try:
        return _open_entry(parts[-1], WAIT_FOR_NOBODY, above)
    finally:
        os.close(above)


def entries_below(folder: str, parts: Sequence[str]) -> Iterator[os.DirEntry[str]]:
    """Yield the entries of a folder below the mounted one.

    Raises:
        FileRefused: a link stands in the way.
        OSError: there is no such folder.
    """
    if sys.platform == "win32":
        from .windows_unlinked import checked_path

        with os.scandir(checked_path(folder, parts)) as scanned:
            yield from scanned
        return
    descriptor = _open_folder(folder, parts)
    try:
        with os.scandir(descriptor) as scanned:
            yield from scanned
    finally:
        os.close(descriptor)


def _open_folder(folder: str, parts: Sequence[str]) -> int:
    current = os.open(folder, os.O_RDONLY | FOLDER | CLOSED_ON_EXEC)
    for part in parts:
        try:
            deeper = _open_entry(part, FOLDER, current)
        finally:
            os.close(current)
        current = deeper
    return current


def _open_entry(name: str, flags: int, folder: int) -> int:
    try:
        return os.open(name, os.O_RDONLY | FOLLOW_NO_LINK | CLOSED_ON_EXEC | flags, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and _is_link(name, folder):
            raise FileRefused("", LINKED) from error
        raise


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False
