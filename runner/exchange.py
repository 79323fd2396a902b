"""Files that we and a script's interpreter hand each other -> written and read so that the script cannot trick us.

They lie in the run's folder, where a script can put anything in their place: a pipe that never ends, a link.
"""

from __future__ import annotations

import os
import stat

from .deletion import delete
from .opening import CLOSED_ON_EXEC, FOLLOW_NO_LINK, WAIT_FOR_NOBODY

LARGEST = 200_000_000
"""Bytes; nothing of ours is larger."""


def write_file(path: str, data: bytes) -> str:
    """Write a new file in place of whatever is there, and return its path.

    Raises:
        OSError: it cannot be written.
    """
    if os.path.lexists(path):
        delete(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | FOLLOW_NO_LINK | CLOSED_ON_EXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return path


def read_file(path: str, largest: int = LARGEST) -> bytes | None:
    """Return the bytes of a regular file, or None where there is none, or a link, a pipe or too much."""
    try:
        descriptor = os.open(path, os.O_RDONLY | FOLLOW_NO_LINK | WAIT_FOR_NOBODY | CLOSED_ON_EXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > largest:
            return None
        return file.read(largest)
