"""A layer -> a short text that changes with every change to one of its files, modes and names."""

from __future__ import annotations

import os

from .bytecode import MARKER
from .digest import digest
from .inventory import MEASURED
from .lease import TAINTED

OURS = frozenset((MARKER, MEASURED, TAINTED))
"""What we ourselves write into a layer's root."""


def fingerprint(layer: str) -> str:
    """Return the fingerprint of a layer, "" where there is none.

    Contents are not read: the kernel sets a file's time of change (`st_ctime`) itself, at each change of its bytes,
    its mode and its names, and no call sets it back.
    """
    lines = []
    waiting = [layer]
    try:
        root = os.lstat(layer)
        while waiting:
            folder = waiting.pop()
            with os.scandir(folder) as entries:
                for entry in entries:
                    if folder == layer and entry.name in OURS:
                        continue
                    status = entry.stat(follow_symlinks=False)
                    lines.append(f"{entry.path} {status.st_mode} {status.st_ino} {status.st_size} {status.st_ctime_ns}")
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    except OSError:
        return ""
    return digest("\n".join([f"{root.st_ino} {root.st_mode}", *sorted(lines)]))
