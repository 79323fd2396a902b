"""Limits of a run -> a control group (cgroup) of its own, in which the kernel counts all its processes together.

The group is a folder in each tree of groups that has one of the needed controllers, named after the folder of the run.
Where the system gives us no place for one, the limits hold for each process instead (`limits.py`).
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from .descendants import kill
from .exchange import read_file, write_file
from .hierarchies import hierarchies, places
from .recovery import RECORD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .hierarchies import Hierarchy, Place

CONTROLLERS = {"memory": "memory", "processes": "pids"}
"""A field of Limits -> the controller that counts it."""

PREFIX = "forerun-"
LOOKS_EVERY = 0.25
"""Seconds after which a supervisor sees that the kernel has killed for want of memory, and ends the rest of the run."""

EMPTIED_WITHIN = 2.0
"""Seconds in which what was killed leaves its group; longer than that only lasts what is not ours to kill."""

LARGEST_RECORD = 10_000
"""Bytes; ours names a group or two for each start of the script."""

FORGOTTEN_AFTER = 60.0
"""Seconds after which a group without processes belongs to no run: one that goes on has some since its start."""


class ControlGroup:
    """The group of a run that exists, and the limits that it can hold."""

    def __init__(self, parts: Sequence[Place]) -> None:
        self._parts = parts

    def enter(self) -> frozenset[str]:
        """Move this process into the group, and return the names of the limits that hold from now on."""
        entered: set[str] = set()
        for part in self._parts:
            with suppress(OSError):
                _write(part.folder, "cgroup.procs", "0")
                entered.update(part.controllers)
        return frozenset(name for name, controller in CONTROLLERS.items() if controller in entered)

    def reached(self) -> tuple[str, ...]:
        """Return the names of the limits that were reached: memory where a process was killed for want of it."""
        kept = {name: part for part in self._parts for name in CONTROLLERS if CONTROLLERS[name] in part.controllers}
        return tuple(name for name, part in kept.items() if _is_reached(name, part))

    def end_if_over(self) -> float:
        """End the whole run if a process of it was killed for want of memory: the rest may wait for that for ever.

        Returns the seconds after which to look again.
        """
        if "memory" in self.reached():
            for part in self._parts:
                _kill(part.folder)
        return LOOKS_EVERY

    def remove(self) -> None:
        """End what is still in the group, and remove it."""
        for part in self._parts:
            end_group(part.folder)


def control_group(run: str, limits: Mapping[str, int], helpers: int = 0) -> ControlGroup | None:
    """Make the group for the run that has a folder, or return None where there is no place for any.

    `helpers` are processes of ours beside the script, which are not counted.
    """
    wanted = frozenset(controller for name, controller in CONTROLLERS.items() if limits.get(name))
    amounts = {CONTROLLERS[name]: limits[name] for name in CONTROLLERS if limits.get(name)}
    if "pids" in amounts:
        amounts["pids"] += helpers
    name = f"{PREFIX}{os.path.basename(run)}-{time.time_ns():x}"
    made = [part for place in places(_found(), wanted) if (part := _make(place, name, run, amounts))]
    return ControlGroup(made) if made else None


def _found() -> tuple[Hierarchy, ...]:
    texts = []
    for name in ("mountinfo", "cgroup"):
        try:
            with open(f"/proc/self/{name}", encoding="utf-8", errors="surrogateescape") as file:
                texts.append(file.read())
        except OSError:
            return ()
    return hierarchies(*texts)


def _make(place: Place, name: str, run: str, amounts: Mapping[str, int]) -> Place | None:
    part = place.replace(folder=os.path.join(place.folder, name))
    try:
        _forget_empty(place.folder)
        # Written down first: a group that is not there does no harm, one that nobody knows of stays.
        record = os.path.join(run, RECORD)
        write_file(record, (read_file(record) or b"") + os.fsencode(f"{part.folder}\n"))
        os.mkdir(part.folder)
        _limit(part, amounts)
    except OSError:
        with suppress(OSError):
            os.rmdir(part.folder)
        return None
    return part


def _limit(part: Place, amounts: Mapping[str, int]) -> None:
    if "memory" in part.controllers and part.version == 2:
        _write(part.folder, "memory.max", str(amounts["memory"]))
        with suppress(OSError):  # Not there without swap.
            _write(part.folder, "memory.swap.max", "0")
    elif "memory" in part.controllers:
        _write(part.folder, "memory.limit_in_bytes", str(amounts["memory"]))
        with suppress(OSError):  # Of memory and swap together; not there unless the kernel was told to count that.
            _write(part.folder, "memory.memsw.limit_in_bytes", str(amounts["memory"]))
    counted = amounts["pids"] if "pids" in part.controllers else 0
    most = min(filter(None, (counted, part.most_processes)), default=0)
    if most:
        _write(part.folder, "pids.max", str(most))


def _is_reached(name: str, part: Place) -> bool:
    if name == "processes":
        return _count(part, "pids.events", "max") > 0
    if part.version == 2:
        return _count(part, "memory.events", "oom_kill") > 0 and _count(part, "memory.events", "oom") > 0
    # Where the whole machine was short of memory, the kernel kills too, but the group's limit had no part in it. How
    # often it had is counted in other places from kernel to kernel.
    most = _count(part, "memory.max_usage_in_bytes")
    return _count(part, "memory.oom_control", "oom_kill") > 0 and most > 0.99 * _count(part, "memory.limit_in_bytes")


def _count(part: Place, name: str, key: str = "") -> int:
    """Return the number in a file, or the one in the line that begins with a key; 0 where there is none."""
    with suppress(OSError, ValueError), open(os.path.join(part.folder, name), encoding="utf-8") as file:
        for line in file:
            *words, number = line.split()
            if words == ([key] if key else []):
                return int(number)
    return 0


def _write(folder: str, name: str, text: str) -> None:
    # One write, and no file made where the kernel has none.
    descriptor = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def end_group(folder: str) -> None:
    """Kill all that is in a group and in those below it, and remove them; what is not ours to kill keeps its group."""
    until = time.monotonic() + EMPTIED_WITHIN
    while os.path.isdir(folder) and time.monotonic() < until:
        below = [each for each, _, _ in os.walk(folder, topdown=False)]
        if sum(map(_kill, below)) < len(below):
            return
        for each in below:
            with suppress(OSError):  # Not all have left it yet.
                os.rmdir(each)
        if os.path.isdir(folder):
            time.sleep(0.001)


def _kill(folder: str) -> bool:
    """Kill all that is in a group, unless what was started through sudo is in it; say whether there is no such."""
    with suppress(OSError):
        processes = _processes(folder)
        if sum(map(kill, processes)) < len(processes):
            return False
        # All at once, also those that fork meanwhile; version 2, Linux 5.14 and later.
        _write(folder, "cgroup.kill", "1")
    return True


def _processes(folder: str) -> list[int]:
    with open(os.path.join(folder, "cgroup.procs"), encoding="utf-8") as file:
        numbers = [int(line) for line in file]
    # One that our own process namespace does not show has the number 0, which would mean our whole process group.
    return [each for each in numbers if each > 1 and each != os.getpid()]


def end_left_behind(run: str) -> None:
    """End what a killed forerun left in the control groups of a run, and remove these.

    The script could write into the record, so that only what the kernel shows as a group of this very run counts.
    """
    named = f"{PREFIX}{os.path.basename(run)}-"
    mounts = tuple(f"{each.mount}/" for each in _found())
    for line in (read_file(os.path.join(run, RECORD), LARGEST_RECORD) or b"").splitlines():
        folder = os.fsdecode(line)
        is_named = "\0" not in folder and folder.startswith(mounts) and os.path.basename(folder).startswith(named)
        if is_named and os.path.realpath(folder) == folder:
            end_group(folder)


def _forget_empty(folder: str) -> None:
    """Remove the groups of runs whose store is gone, and with it what they were recorded in."""
    for name in os.listdir(folder):
        if name.startswith(PREFIX) and _age(name) > FORGOTTEN_AFTER:
            with suppress(OSError):  # It has processes.
                os.rmdir(os.path.join(folder, name))


def _age(name: str) -> float:
    try:
        return time.time() - int(name.rpartition("-")[2], 16) / 1e9
    except ValueError:
        return 0.0
