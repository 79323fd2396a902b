"""Top-level module name -> whether it belongs to the standard library of a target, or once did."""

from __future__ import annotations

import sys

from .target import Target, this_target

_cache: dict[tuple[int, int], frozenset[str]] = {}


def standard_library(target: Target) -> frozenset[str]:
    """Return the top-level modules of the target's standard library.

    Our own interpreter answers for its own version; stdlib-list for the others, or the nearest version that it
    knows where it does not know the target.
    """
    if target.python == this_target().python:
        return frozenset(sys.stdlib_module_names)
    if target.python not in _cache:
        _cache[target.python] = _from_stdlib_list(target.python)
    return _cache[target.python]


def python2_library() -> frozenset[str]:
    """Return the top-level modules of Python 2.7's standard library (stdlib-list)."""
    if (2, 7) not in _cache:
        _cache[2, 7] = _from_stdlib_list((2, 7))
    return _cache[2, 7]


def _from_stdlib_list(python: tuple[int, int]) -> frozenset[str]:
    import stdlib_list

    known = sorted(
        tuple(map(int, version.split("."))) for version in stdlib_list.long_versions + stdlib_list.short_versions
    )
    same_major = [version[:2] for version in known if version[0] == python[0]] or [known[-1][:2]]
    nearest = min(same_major, key=lambda version: abs(version[1] - python[1]))
    listed = stdlib_list.stdlib_list(".".join(map(str, nearest)))
    return frozenset(name.partition(".")[0] for name in listed)
