"""A path that a caller names -> the bytes of a regular file under the mount, following no links."""

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


def parts_below(path: str, mount: tuple[str, str], *, may_be_top: bool = False) -> tuple[str, ...]:
    """Return the components of a virtual, real or relative path below the mounted folder, () for that itself.

    Raises:
        FileRefused: it leads, or might lead, outside the mount.
    """
    virtual, folder = mount
    if "\0" in path:
        raise FileRefused(path, "holds a NUL character")
    tops = (top.rstrip("/") + "/" for top in (virtual, folder))
    rest = next((path[len(top) :] for top in tops if f"{path}/".startswith(top)), path)
    if rest.startswith("/"):
        raise FileRefused(path, f"is outside the mount; name a file under {virtual}")
    parts = tuple(part for part in rest.split("/") if part not in ("", "."))
    if ".." in parts:
        raise FileRefused(path, f"holds '..'; name a file under {virtual} directly")
    if not parts and not may_be_top:
        raise FileRefused(path, f"names no file; name one under {virtual}")
    return parts


def read_below(folder: str, parts: Sequence[str], limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes; what a script planted (links, pipes, devices) is refused.

    Raises:
        FileRefused: there is no such file, or it is not one to read.
    """
    shown = "/".join(parts)
    try:
        return _read(folder, parts, limit)
    except FileRefused as error:
        raise FileRefused(shown, error.reason) from None
    except (OSError, ValueError) as error:
        raise FileRefused(shown, _why(error)) from error


def open_folder(folder: str, parts: Sequence[str]) -> int:
    """Open a folder below the mounted one, following no links, and return its descriptor.

    Raises:
        FileRefused: a link stands in the way.
        OSError: there is no such folder.
    """
    current = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in parts:
        try:
            deeper = _open(part, os.O_DIRECTORY, current)
        finally:
            os.close(current)
        current = deeper
    return current


def _read(folder: str, parts: Sequence[str], limit: int) -> bytes:
    current = open_folder(folder, parts[:-1])
    try:
        # Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
        file = os.fdopen(_open(parts[-1], os.O_NONBLOCK | os.O_NOCTTY, current), "rb")
    finally:
        os.close(current)
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise FileRefused("", "is not a regular file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise FileRefused("", f"is larger than {limit // 1_000_000} MB")
    return data


def _open(name: str, flags: int, folder: int) -> int:
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


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "does not exist under the mount"
    if isinstance(error, PermissionError):
        return "may not be read"
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    return f"cannot be read ({getattr(error, 'strerror', None) or error})"
