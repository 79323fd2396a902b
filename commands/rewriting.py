"""A file's new bytes -> the file, whole or not at all, with the permissions and the owner that it had."""

from __future__ import annotations

import os
import tempfile

from forerun.resolver.errors import SourceError
from forerun.resolver.ownership import IS_TOLD


def rewrite(path: str, before: bytes, after: bytes) -> None:
    """Replace the content of a file, through links, unless it is no longer what was read.

    Raises:
        SourceError: it may not be written, has changed meanwhile, or the system refuses.
    """
    target = os.path.realpath(path)
    try:
        found = os.stat(target)
        if not os.access(target, os.W_OK):
            raise SourceError(path, "is write-protected, and stays as it is")
        if found.st_nlink > 1:
            raise SourceError(path, "has other names (hard links), which would keep its old content; copy it first")
        handle, part = tempfile.mkstemp(prefix=".forerun-", dir=os.path.dirname(target))
        try:
            with open(handle, "wb") as file:
                file.write(after)
                os.chmod(part, found.st_mode & 0o7777)
                if IS_TOLD and (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
                    os.chown(part, found.st_uid, found.st_gid)
                    os.chmod(part, found.st_mode & 0o7777)
            with open(target, "rb") as file:
                if file.read() != before:
                    raise SourceError(path, "was changed while it was read; try again")
            os.replace(part, target)
        except BaseException:
            os.unlink(part)
            raise
    except OSError as error:
        raise SourceError(path, f"cannot be written ({error.strerror})") from error
