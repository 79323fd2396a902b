"""A job whose namespaces we may not make ourselves -> the same job, through bubblewrap where that may (Linux).

Some systems let only programs that they know make namespaces: Ubuntu by AppArmor, others by a bubblewrap that is
setuid. It mounts, and starts our interpreter as the first process of a process namespace, which starts the script.
"""

from __future__ import annotations

import os
import sys

from .errors import RunnerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .supervisor import Job

    Mounts = Sequence[tuple[str, str]]

NAMESPACES = ("--unshare-pid", "--as-pid-1", "--die-with-parent", "--proc", "/proc", "--dev-bind", "/dev", "/dev")
MADE_ANEW = ("/dev", "/proc")

LOADER_VARIABLES = ("LD_LIBRARY_PATH",)
"""What our interpreter may need to find its own library."""

PACKAGE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STARTER = (
    f"import sys; sys.path.insert(0, {PACKAGE_ROOT!r}); "
    "from forerun.runner.bubblewrap import main; main(*map(int, sys.argv[1:]))"
)

TRIED = ([("/forerun", "/usr")], ["/usr", "/usr/bin"])
"""A mount, and a folder closed but for one in it."""
TRIED_FOR = 20.0
"""Seconds; a trial takes a hundredth of one."""


class BubblewrapRefused(OSError):
    """bubblewrap could not make the namespaces."""


def find_bubblewrap() -> str:
    """Return the path of a bubblewrap on PATH that can do here what we need of it, "" where there is none."""
    from .process import run_tool

    for folder in os.environ.get("PATH", "").split(os.pathsep):
        program = os.path.join(folder, "bwrap")
        if os.path.isabs(program) and os.access(program, os.X_OK):
            try:
                tried = run_tool(
                    [program, *options(*TRIED), *_python("import ctypes")], _variables(), os.sep, TRIED_FOR
                )
            except RunnerError:
                continue
            if tried.code == 0:
                return program
    return ""


def options(mounts: Mounts, closed: Sequence[str]) -> list[str]:
    """Return what tells bubblewrap to show all that there is, with each source folder at its target.

    A target is where its links lead to, since bubblewrap follows none. `closed` are a folder that is made read-only,
    and one in it that is not. Nothing is made in the host's folders: one on the way to a target that is not there is
    made anew, with all its entries.
    """
    mounts = [(os.path.realpath(target), source) for target, source in mounts]
    missing = [target.strip("/").split("/") for target, _ in mounts if not os.path.isdir(target)]
    found = [*_shown(os.sep, missing), *NAMESPACES]
    if closed:
        found += _closed(*map(os.path.realpath, closed))
    for target, source in mounts:
        found += ["--bind", source, target]
        if closed:
            found += _closed_in(target, os.path.realpath(source), *map(os.path.realpath, closed))
    return found


def _shown(folder: str, targets: list[list[str]]) -> Iterator[str]:
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        deeper = [target[1:] for target in targets if target[0] == name and len(target) > 1]
        if path in MADE_ANEW:
            continue
        if os.path.islink(path):
            yield from ("--symlink", os.readlink(path), path)
        elif deeper and os.path.isdir(path):
            yield from ("--dir", path, *_shown(path, deeper))
        else:
            yield from ("--bind-try", path, path)


def _closed(closed: str, opened: str) -> list[str]:
    return ["--ro-bind", closed, closed, "--bind", opened, opened]


def _closed_in(target: str, source: str, closed: str, opened: str) -> list[str]:
    """Close a folder also where a mount shows it once more."""
    if os.path.commonpath((source, closed)) != source:
        return []
    again = [os.path.normpath(os.path.join(target, os.path.relpath(each, source))) for each in (closed, opened)]
    return ["--ro-bind", closed, again[0], "--bind", opened, again[1]]


def _python(code: str, *arguments: str) -> list[str]:
    return ["--", sys.executable, "-I", "-S", "-c", code, *arguments]


def _variables() -> dict[str, str]:
    return {name: os.environ[name] for name in LOADER_VARIABLES if name in os.environ}


def enter_bubblewrap(job: Job, limits: Mapping[str, int], parent: int, report: int) -> None:
    """In a forked child: stand for a script that bubblewrap starts within limits, and end as it does.

    What keeps the script from being started once the namespaces are there is written to `report`.

    Raises:
        OSError: bubblewrap does not get so far.
    """
    import json

    from .pid_namespace import stand_before

    # Not by its environment, of which a setuid program would lose a part.
    told = os.memfd_create("forerun", 0)
    given = {"arguments": job.arguments, "environment": job.environment, "folder": job.folder, "limits": dict(limits)}
    os.write(told, json.dumps(given).encode())
    os.lseek(told, 0, os.SEEK_SET)
    os.set_inheritable(report, True)
    command = [job.bubblewrap, *options(job.mounts, job.closed)]
    stand_before(command, lambda ready: _python(STARTER, str(ready), str(report), str(told)), _variables(), parent)


def main(ready: int, report: int, told: int) -> None:
    """As the first process of the namespace: start the script that a file describes, and end with it."""
    import json

    from .pid_namespace import begin_first
    from .supervisor import Job, become

    with open(told, encoding="utf-8") as file:
        job = Job(**json.load(file))
    begin_first(ready)
    os.set_inheritable(report, False)
    become(job, (), False, report, 1)
