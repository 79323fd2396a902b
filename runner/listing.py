"""The mounted folder -> its entries, and the files that a run has written, following no links."""

from __future__ import annotations

import stat
import sys
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from .result import WrittenFile
from .unlinked import FileRefused, entries_below

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

MOST_ENTRIES = 5_000
"""Entries that are looked at; a folder may hold millions."""
DEEPEST = 12
MOST_WRITTEN = 1_000
"""Files that a result lists."""
BYTES = "application/octet-stream"
"""The MIME type of what has no known ending (RFC 2046, section 4.5.1)."""

UNINTERESTING = frozenset(("__pycache__", "node_modules", "site-packages"))


class Entry(NamedTuple):
    """A file or folder below the mounted one: its components, size in bytes, and time of its last change in ns."""

    parts: tuple[str, ...]
    is_folder: bool
    size: int
    changed: int


def entries_of(folder: str, parts: Sequence[str]) -> list[Entry]:
    """Return the files and folders in a folder, by name; links, pipes and devices are left out.

    Raises:
        FileRefused: there is no such folder, or a link leads to it.
    """
    try:
        scanned = islice(entries_below(folder, parts), MOST_ENTRIES)
        return sorted(found for each in scanned if (found := _entry(tuple(parts), each)))
    except OSError as error:
        raise FileRefused("/".join(parts), "is no folder under the mount") from error


def _entry(parts: tuple[str, ...], found: os.DirEntry[str]) -> Entry | None:
    try:
        status = found.stat(follow_symlinks=False)
    except OSError:
        return None
    is_folder = stat.S_ISDIR(status.st_mode)
    if not is_folder and not stat.S_ISREG(status.st_mode):
        return None
    # On Windows `st_ctime` is the time of its making.
    changed = status.st_mtime_ns if sys.platform == "win32" else status.st_ctime_ns
    return Entry((*parts, found.name), is_folder, status.st_size, changed)


def files_below(folder: str) -> Iterator[Entry]:
    """Yield the files below a folder, those nearest to it first; hidden ones and caches are left out."""
    waiting: list[tuple[str, ...]] = [()]
    seen = 0
    while waiting and seen < MOST_ENTRIES:
        try:
            entries = entries_of(folder, waiting.pop(0))
        except FileRefused:
            continue
        for each in entries:
            seen += 1
            if each.parts[-1].startswith(".") or each.parts[-1] in UNINTERESTING:
                continue
            if not each.is_folder:
                yield each
            elif len(each.parts) < DEEPEST:
                waiting.append(each.parts)


def written_since(folder: str, moment: int, most: int) -> list[Entry]:
    """Return the files whose last change is later than a moment (ns since the epoch), at most so many."""
    found = []
    for each in files_below(folder):
        if each.changed > moment:
            found.append(each)
            if len(found) == most:
                break
    return found


def written_files(mount: tuple[str, str], moment: int) -> tuple[WrittenFile, ...]:
    """Return what was written under a mount since a moment, by its virtual path, at most `MOST_WRITTEN` files."""
    import mimetypes

    virtual, folder = mount
    return tuple(
        WrittenFile("/".join((virtual, *each.parts)), each.size, mimetypes.guess_type(each.parts[-1])[0] or BYTES)
        for each in written_since(folder, moment, MOST_WRITTEN)
    )
