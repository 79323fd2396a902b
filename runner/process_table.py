"""The processes of this machine -> those that a script has started, where nobody can adopt orphans (macOS)."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

DEADLINE = 10.0
"""Seconds; `ps` answers in less than one."""

WAYS = (
    ["/bin/ps", "-A", "-E", "-ww", "-o", "pid=,ppid=,command="],
    ["/bin/ps", "axeww", "-o", "pid=,ppid=,command="],
)
"""How `ps` shows every process with its environment: on macOS, and elsewhere."""

_way: Sequence[str] = ()


def started_by(ours: int, mark: str) -> list[int]:
    """Return the processes below one of ours, and those that have `mark` in their environment or command line.

    A script's environment names the folder of its run, so that an orphan is found by what it inherited. One that has
    cleared its environment, and whose parent is gone, is not.
    """
    table = _table()
    found = {ours}
    for _ in range(len(table)):
        more = {process for process, parent, _ in table if parent in found} - found
        if not more:
            break
        found |= more
    if mark:
        found |= {process for process, _, text in table if mark in text}
    return sorted(found - {ours, os.getpid()})


def _table() -> list[tuple[int, int, str]]:
    """Return number, parent, and command with environment of each process."""
    from .errors import RunnerError
    from .process import run_tool

    global _way
    for way in (_way,) if _way else WAYS:
        try:
            told = run_tool(way, {"LC_ALL": "C"}, "/", DEADLINE)
        except RunnerError:
            continue
        if told.code == 0:
            _way = way
            rows = map(_row, told.stdout.decode("utf-8", "replace").splitlines())
            return [row for row in rows if row and not _is_over(row, way[0])]
    return []


def _is_over(row: tuple[int, int, str], ps: str) -> bool:
    """Whether a process has ended, as the `ps` that lists itself has by now."""
    _, parent, text = row
    return text.endswith("<defunct>") or (parent == os.getpid() and text.startswith(ps))


def _row(line: str) -> tuple[int, int, str] | None:
    fields = line.split(None, 2)
    if len(fields) < 2 or not (fields[0].isdecimal() and fields[1].isdecimal()):
        return None
    return int(fields[0]), int(fields[1]), fields[2] if len(fields) > 2 else ""
