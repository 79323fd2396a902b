"""In a process of its own, at low priority: compiles a layer's modules to bytecode, and marks it when all are done.

Arguments: the site-packages folder, the marker to write, the lock that keeps it to one process at a time, and where the
folder will be when the bytecode is used, which tracebacks show. The marker is "" for none, while a layer is still being
checked: bytecode that came with a distribution, and is checked, too, is left as it is then. Killed at any moment, it
loses at most the file under way; the next run goes on from there.
"""

from __future__ import annotations

import compileall
import os
import sys
from importlib.util import cache_from_source

DEEPEST = 50
"""Folders below a layer's site-packages."""

TESTS = frozenset({"tests", "test"})
"""Names of folders that hold a package's own tests."""


def main(site_packages: str, marker: str, lock: str, shown: str) -> None:
    """Compile everything, unless somebody else does."""
    if hasattr(os, "nice"):  # On Windows we were started with a low priority.
        os.nice(19)
    if not alone(lock):
        return
    for path in in_order(site_packages):
        if not marker and os.path.lexists(cache_from_source(path)):
            continue
        beside = os.path.relpath(os.path.dirname(path), site_packages)
        compileall.compile_file(path, ddir=os.path.normpath(os.path.join(shown, beside)), quiet=2)
    remove_halves(site_packages)
    if marker:
        with open(marker, "w"):
            pass


def in_order(site_packages: str) -> list[str]:
    """Return the modules of a layer in the order in which they are worth it, while a first script is importing them.

    The largest package comes first: the script begins with small ones and with what the large one needs, and finds it
    compiled when it gets there. Tests, which are seldom imported, come last.
    """
    packages: dict[str, list[str]] = {}
    tests = []
    for folder, inner, names in os.walk(site_packages):
        parts = os.path.relpath(folder, site_packages).split(os.sep)
        inner[:] = sorted(each for each in inner if each != "__pycache__") if len(parts) < DEEPEST else []
        modules = [os.path.join(folder, name) for name in sorted(names) if name.endswith(".py")]
        if TESTS.isdisjoint(parts):
            packages.setdefault(parts[0], []).extend(modules)
        else:
            tests += modules
    by_size = sorted(packages.values(), key=len, reverse=True)
    return [path for modules in [*by_size, tests] for path in modules]


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
