"""A layer -> a copy of every file of it in a run's own environment, sharing blocks where the file system can."""

from __future__ import annotations

import os
import shutil
import stat
import sys

FICLONE = 0x40049409
"""ioctl_ficlone(2): makes a file share the other's blocks until one of them is written to (Btrfs, XFS, bcachefs)."""

NOT_COPIED = frozenset(("pyvenv.cfg", "compiled", "measured", "tainted", ".lock"))
"""What a layer's root has of its own."""


def copy_layer(layer: str, root: str) -> None:
    """Copy what a layer holds into an environment that has an interpreter already.

    Times are copied too, since bytecode is only used while it names its source's time (PEP 3147).

    Raises:
        OSError: the file system refuses.
    """
    copy = _Copy()
    for entry in os.scandir(layer):
        if entry.name not in NOT_COPIED:
            copy.into(entry, os.path.join(root, entry.name))


class _Copy:
    """Copies trees; asks for shared blocks until it is told that there are none here."""

    def __init__(self) -> None:
        self._can_share = sys.platform.startswith("linux")

    def into(self, entry: os.DirEntry[str], target: str) -> None:
        """Copy a file, a link or a folder; what is there already stays."""
        if entry.is_symlink():
            if not os.path.lexists(target):
                os.symlink(os.readlink(entry.path), target)
        elif entry.is_dir():
            os.makedirs(target, mode=0o700, exist_ok=True)
            with os.scandir(entry.path) as inner:
                for each in inner:
                    self.into(each, os.path.join(target, each.name))
        elif entry.is_file():
            self._file(entry, target)

    def _file(self, entry: os.DirEntry[str], target: str) -> None:
        status = entry.stat()
        if not (self._can_share and self._shared(entry.path, target)):
            shutil.copyfile(entry.path, target)
        os.chmod(target, stat.S_IMODE(status.st_mode))
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _shared(self, source: str, target: str) -> bool:
        import fcntl

        with open(source, "rb") as old, open(target, "wb") as new:
            try:
                fcntl.ioctl(new.fileno(), FICLONE, old.fileno())
            except OSError:
                self._can_share = False
        return self._can_share
