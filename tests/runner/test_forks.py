"""Work shared by forked copies gives the same answers in the same order, whatever happens to the copies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forerun.resolver.library import resolve
from forerun.resolver.report import as_json
from forerun.resolver.trust import policy
from forerun.runner.forks import in_forks

MAIN = os.getpid()
DEADLINE = 60.0


def squared(number: int) -> int:
    return number * number


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/{MAIN}/task/{MAIN}/children").read_text().split()}


@pytest.mark.parametrize("copies", [0, 1, 2, 3, 50])
@pytest.mark.parametrize("count", [0, 1, 7, 500])
def test_answers_come_in_order(copies: int, count: int) -> None:
    before = children()
    assert list(in_forks(squared, range(count), copies)) == [number * number for number in range(count)]
    assert children() == before


def test_large_answers_come_whole() -> None:
    assert [len(each) for each in in_forks(lambda size: b"x" * size, [3_000_000, 0, 5_000_000, 1], 2)] == [
        3_000_000, 0, 5_000_000, 1,
    ]  # fmt: skip


def test_what_a_killed_copy_left_is_worked_out_here() -> None:
    def dies(number: int) -> int:
        if os.getpid() != MAIN and number == 11:
            os.kill(os.getpid(), signal.SIGKILL)
        return number * number

    assert list(in_forks(dies, range(40), 2)) == [number * number for number in range(40)]


def test_copies_are_gone_when_nobody_reads_on() -> None:
    before = children()
    answers = in_forks(squared, range(1_000_000), 3)
    assert next(answers) == 0
    assert len(children() - before) == 3
    answers.close()
    assert children() == before


def test_copies_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    for number in range(400):
        (tmp_path / f"a{number}.py").write_text("import yaml\n" * 3000)
    parent = subprocess.Popen(
        [sys.executable, "-m", "forerun", "resolve", str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    listed = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    until = time.monotonic() + DEADLINE
    while not (copies := listed.read_text().split()):
        assert time.monotonic() < until
        assert parent.poll() is None
    parent.kill()
    parent.wait()
    while any(Path("/proc", copy).exists() for copy in copies):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_tree_looked_at_by_copies_is_resolved_as_by_one_process(tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / f"a{number}.py").write_text(f"import yaml, a{number - 1}, local{number}\nprint {number % 3}\n")
    (tmp_path / "b.py").write_text("# /// script\n# dependencies = ['numpy']\n# ///\nimport cv2, numpy\n")
    (tmp_path / "c.py").write_bytes(b"\xff\xfe")
    shown = subprocess.run(
        [sys.executable, "-m", "forerun", "resolve", "--json", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(shown.stdout) == json.loads(json.dumps(as_json(resolve(tmp_path), policy())))
