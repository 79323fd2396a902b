"""In a process of its own, at low priority: compiles a layer's modules to bytecode, and marks it when all are done.

Arguments: the site-packages folder, the marker to write, the lock that keeps it to one process at a time. Killed at
any moment, it loses at most the file under way; the next run goes on from there.
"""

from __future__ import annotations

import compileall
import os
import sys


def main(site_packages: str, marker: str, lock: str) -> None:
    """Compile everything, unless somebody else does."""
    if hasattr(os, "nice"):  # On Windows we were started with a low priority.
        os.nice(19)
    if not alone(lock):
        return
    compileall.compile_dir(site_packages, maxlevels=50, quiet=2)
    remove_halves(site_packages)
    with open(marker, "w"):
        pass


def alone(lock: str) -> bool:
    """Take the lock for as long as this process lives; say whether nobody else has it."""
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    # The file of a lock that nobody had may just have been pruned, so that the next comer locks another one.
    return os.fstat(descriptor).st_nlink > 0


def remove_halves(folder: str) -> None:
    """Delete what killed predecessors had written of a file, which importlib names `NAME.pyc.NUMBER`."""
    for path, _, names in os.walk(folder):
        if os.path.basename(path) == "__pycache__":
            for name in names:
                if name.rpartition(".")[2].isdecimal() and ".pyc." in name:
                    os.unlink(os.path.join(path, name))


main(*sys.argv[1:])
