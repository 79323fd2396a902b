"""A path that a caller names -> the bytes of a regular file under the mount, following no links."""

from __future__ import annotations

import os
import stat
import sys

from forerun.runner.unlinked import FileRefused, open_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def parts_below(path: str, mount: tuple[str, str], *, may_be_top: bool = False) -> tuple[str, ...]:
    """Return the components of a virtual, real or relative path below the mounted folder, () for that itself.

    Raises:
        FileRefused: it leads, or might lead, outside the mount.
    """
    virtual, folder = mount
    if "\0" in path:
        raise FileRefused(path, "holds a NUL character")
    if sys.platform == "win32":
        path, folder = path.replace("\\", "/"), folder.replace("\\", "/")
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


def _read(folder: str, parts: Sequence[str], limit: int) -> bytes:
    file = os.fdopen(open_below(folder, parts), "rb")
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise FileRefused("", "is not a regular file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise FileRefused("", f"is larger than {limit // 1_000_000} MB")
    return data


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "does not exist under the mount"
    if isinstance(error, PermissionError):
        return "may not be read"
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    return f"cannot be read ({getattr(error, 'strerror', None) or error})"
