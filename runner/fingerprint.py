"""A layer -> a short text that changes with every change to one of its files, modes and names."""

from __future__ import annotations

import os
import sys

from .bytecode import MARKER
from .digest import digest
from .inventory import MEASURED
from .lease import TAINTED

OURS = frozenset((MARKER, MEASURED, TAINTED))
"""What we ourselves write into a layer's root."""


def fingerprint(layer: str) -> str:
    """Return the fingerprint of a layer, "" where there is none.

    Contents are not read: the kernel sets a file's time of change (`st_ctime`) itself, at each change of its bytes,
    its mode and its names, and no call sets it back. Windows only tells the time of the last writing, which a script
    that means to deceive can set back.
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
                    changed = status.st_mtime_ns if sys.platform == "win32" else status.st_ctime_ns
                    lines.append(f"{entry.path} {status.st_mode} {status.st_ino} {status.st_size} {changed}")
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    except OSError:
        return ""
    return digest("\n".join([f"{root.st_ino} {root.st_mode}", *sorted(lines)]))
