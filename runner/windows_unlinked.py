"""A path below the mounted folder -> itself, or a descriptor, if no link or junction stands in the way (Windows).

Nothing can be opened relative to a folder there, so that each step is looked at, and what was opened is compared with
what was looked at.
"""

from __future__ import annotations

import os

from .deletion import is_reparse_point
from .opening import CLOSED_ON_EXEC
from .unlinked import LINKED, FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

OTHER_MEANING = frozenset('\\:*?"<>|')
"""Characters that no file's name has: separators, drives and streams, patterns."""

PORTS = (f"{kind}{number}" for kind in ("COM", "LPT") for number in "123456789\u00b9\u00b2\u00b3")
DEVICES = frozenset(("CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", *PORTS))
"""Names that stand for a device in every folder: superscripts of 1, 2 and 3 are digits for the system, and the console
has two names of its own (Microsoft, "Naming Files, Paths, and Namespaces" and "Console Handles")."""


def checked_path(folder: str, parts: Sequence[str]) -> str:
    """Return the path of an entry to which no link leads.

    Raises:
        FileRefused: a link stands in the way, or a name is none.
        OSError: there is no such entry.
    """
    path = folder
    for part in parts:
        if OTHER_MEANING & set(part) or part.rstrip(". ") != part or _is_device(part):
            raise FileRefused("", "is no name of a file on Windows")
        path = os.path.join(path, part)
        if is_reparse_point(os.lstat(path)):
            raise FileRefused("", LINKED)
    return path


def _is_device(name: str) -> bool:
    """Whether a name, with any ending, stands for a device."""
    return name.partition(".")[0].rstrip().upper() in DEVICES


def checked(folder: str, parts: Sequence[str]) -> int:
    """Open an entry to which no link leads.

    Raises:
        FileRefused: a link stands in the way, or a name is none.
        OSError: it cannot be opened.
    """
    path = checked_path(folder, parts)
    expected = os.lstat(path)
    descriptor = os.open(path, os.O_RDONLY | CLOSED_ON_EXEC)
    if not os.path.samestat(os.fstat(descriptor), expected):
        os.close(descriptor)
        raise FileRefused("", "was replaced while it was opened")
    return descriptor
