"""Limits of a run -> what the kernel is told in the forked child, and a sentence when one of them was reached."""

from __future__ import annotations

from forerun.resolver.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Limits(Value):
    """What a run may have, 0 for no limit.

    `memory` are bytes that all its processes use together, and `processes` counts these and their threads, where a
    control group can be made for it. Elsewhere `memory` is the address space of each, and `processes` counts those of
    the user, unless that is root. `file_size` are bytes of a file, `open_files` descriptors of each process.
    """

    memory: int = 0
    file_size: int = 0
    open_files: int = 0
    processes: int = 0


KINDS = {
    "memory": ("RLIMIT_AS", "--max-memory", r"MemoryError|Cannot allocate memory|bad_alloc|Unable to allocate"),
    "file_size": ("RLIMIT_FSIZE", "--max-file-size", r"\[Errno 27\]|File too large"),
    "open_files": ("RLIMIT_NOFILE", "--max-open-files", r"\[Errno 24\]|Too many open files"),
    "processes": ("RLIMIT_NPROC", "--max-processes", r"\[Errno 11\]|can't start new thread|Resource temporarily"),
}
"""A field of Limits -> the resource (getrlimit(2)), its option, and how Python's errors look when it is reached."""

SIGXFSZ = 25


def apply_limits(limits: Mapping[str, int]) -> None:
    """Limit this process and those that it starts.

    Raises:
        OSError: the system does not allow it.
    """
    import resource

    for name, value in limits.items():
        kind = getattr(resource, KINDS[name][0])
        hard = resource.getrlimit(kind)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))


def as_mapping(limits: Limits) -> dict[str, int]:
    """Return the limits that there are."""
    return {name: getattr(limits, name) for name in KINDS if getattr(limits, name)}


def reached(limits: Limits, error: str, signal: int, counted: Sequence[str] = ()) -> tuple[str, ...]:
    """Return a sentence if the end of a failed script looks as it does when a limit is reached.

    `counted` are the names of those that the kernel saw reached.
    """
    import re

    last = error.strip().rpartition("\n")[2]
    for name, value in as_mapping(limits).items():
        _, option, signs = KINDS[name]
        if name in counted or re.search(signs, last) or (name == "file_size" and signal == SIGXFSZ):
            return (f"the script reached the limit {option} {value}; raise it if the script is right",)
    return ()
