"""A path below the mounted folder -> a descriptor, following no links: a script may have put one anywhere."""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class FileRefused(Exception):
    """A path outside the mount, or one that leads to no file that may be read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path[:200]!r} {self.reason}"


def open_folder(folder: str, parts: Sequence[str]) -> int:
    """Open a folder below the mounted one, following no links, and return its descriptor.

    Raises:
        FileRefused: a link stands in the way.
        OSError: there is no such folder.
    """
    current = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in parts:
        try:
            deeper = open_below(part, os.O_DIRECTORY, current)
        finally:
            os.close(current)
        current = deeper
    return current


def open_below(name: str, flags: int, folder: int) -> int:
    """Open an entry of a folder, given by its descriptor, for reading, and return its descriptor.

    Raises:
        FileRefused: it is a link.
        OSError: it cannot be opened.
    """
    try:
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and _is_link(name, folder):
            raise FileRefused("", "is or goes through a link, and links are not followed") from error
        raise


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False
