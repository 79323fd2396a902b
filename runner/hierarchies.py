"""What /proc says of mounts and of our own control groups -> the places where a group for a run can be made (Linux).

cgroups(7) has the forms of the files. Version 1 has a tree of groups for each controller, version 2 one for all; many
machines have both, with each controller in one of them.
"""

from __future__ import annotations

import os

from forerun.resolver.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OUTSIDE = "/.."
"""How the path of a group begins that lies outside of what a container is shown."""

RESTRICTIONS = ("memory.max", "memory.high", "cpu.max", "cpuset.cpus", "io.max")
"""Files of a group through which somebody may have limited it; a run must not leave it then."""


class Hierarchy(Value):
    """A tree of control groups: its version, its controllers (unknown for 2), its mount, and our own group in it."""

    version: int
    controllers: frozenset[str]
    mount: str
    own: str


class Place(Value):
    """A folder in which a group can be made for some controllers.

    `most_processes` is what the groups allow that are left for it; 0 for any number.
    """

    folder: str
    version: int
    controllers: frozenset[str]
    most_processes: int = 0


def hierarchies(mountinfo: str, membership: str) -> tuple[Hierarchy, ...]:
    """Return the trees that are mounted and that we have a group in, from /proc/self/mountinfo and /proc/self/cgroup.

    A tree that is mounted more than once is returned by the first mount that shows our group.
    """
    own = dict(_groups(membership))
    found: dict[frozenset[str], Hierarchy] = {}
    for version, controllers, root, mount in _mounts(mountinfo):
        path = next((own[each] for each in sorted(controllers) or [""] if each in own), "")
        inside = _below(path, root)
        if inside is not None:
            found.setdefault(controllers, Hierarchy(version, controllers, mount, mount.rstrip("/") + inside))
    return tuple(found.values())


def _groups(membership: str) -> Iterator[tuple[str, str]]:
    """Yield each controller with the path of our group; version 2 has the name ""."""
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        for each in controllers.split(","):
            yield each, path


def _mounts(mountinfo: str) -> Iterator[tuple[int, frozenset[str], str, str]]:
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if kind[:1] == ["cgroup2"]:
            yield 2, frozenset(), _unescaped(fields[3]), _unescaped(fields[4])
        elif kind[:1] == ["cgroup"]:
            yield 1, frozenset(kind[2].split(",")) - {"rw", "ro"}, _unescaped(fields[3]), _unescaped(fields[4])


def _unescaped(path: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        path = path.replace(code, character)
    return path


def _below(path: str, root: str) -> str | None:
    """Return the path of a group from the one that is mounted, "" for that itself, None where it is not below it."""
    if not path or path.startswith(OUTSIDE):
        return None
    root = root.rstrip("/")
    if path.rstrip("/") == root:
        return ""
    return path[len(root) :] if path.startswith(f"{root}/") else None


def places(found: Iterable[Hierarchy], wanted: frozenset[str]) -> list[Place]:
    """Return where groups can be made that have the wanted controllers, as far as there are any.

    In version 1 that is below our own group. In version 2 a group that has processes of its own cannot hand
    controllers on, so that it is the nearest one above that does so, and that lets us move processes.
    """
    chosen = []
    for each in sorted(found, key=lambda hierarchy: hierarchy.version):
        if not wanted:
            break
        place = (
            Place(each.own, 1, each.controllers & wanted)
            if each.version == 1
            else nearest(each.own, each.mount, wanted)
        )
        if place is not None and place.controllers:
            chosen.append(place)
            wanted -= place.controllers
    return chosen


def nearest(own: str, mount: str, wanted: frozenset[str]) -> Place | None:
    """Return the nearest of a group and those above it, of version 2, that hands on most of the wanted controllers.

    None of them is left that somebody limited, and controllers are enabled nowhere: those groups are not ours alone.
    """
    best = None
    most_processes = 0
    for folder in _upward(own, mount):
        held = wanted & frozenset(_text(folder, "cgroup.subtree_control").split())
        if len(held) > (len(best.controllers) if best else 0) and _is_open(folder):
            best = Place(folder, 2, held, most_processes)
        if any(_text(folder, name).split()[:1] not in ([], ["max"]) for name in RESTRICTIONS):
            break
        allowed = _text(folder, "pids.max").strip()
        if allowed.isdecimal():
            most_processes = min(most_processes or int(allowed), int(allowed))
    return best


def _upward(own: str, mount: str) -> Iterator[str]:
    folder = own
    while folder != mount:
        yield folder
        folder = os.path.dirname(folder)
    yield mount


def _is_open(folder: str) -> bool:
    """Whether we may make groups in one, and move processes between those below it."""
    return os.access(folder, os.W_OK) and os.access(os.path.join(folder, "cgroup.procs"), os.W_OK)


def _text(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""
