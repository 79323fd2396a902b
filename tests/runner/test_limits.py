"""Limits hold, and the outcome says which one was reached."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import forerun
from forerun.runner.errors import ContainmentError
from forerun.runner.limits import Limits, reached

from .test_sandbox import skip_where_not_permitted

REACHED = {
    "memory": (Limits(memory=300 << 20), "x = bytearray(1 << 30)", "--max-memory"),
    "file size": (
        Limits(file_size=1000),
        "open('/tmp/forerun-limit', 'wb', 0).write(b'x' * 5000) and open('/tmp/forerun-limit', 'ab', 0).write(b'x')",
        "--max-file-size",
    ),
    "open files": (Limits(open_files=40), "x = [open('/dev/null') for _ in range(100)]", "--max-open-files"),
}


@pytest.fixture
def no_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where no control group can be made: `test_control_group.py` has the others."""
    monkeypatch.setenv("FORERUN_NO_CONTROL_GROUPS", "1")


@pytest.mark.parametrize("has_groups", [True, False], ids=["groups", "no groups"])
@pytest.mark.parametrize(("limits", "code", "option"), REACHED.values(), ids=REACHED.keys())
def test_a_limit_holds_and_is_named(
    limits: Limits,
    code: str,
    option: str,
    has_groups: bool,
    cache_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORERUN_NO_CONTROL_GROUPS", "0" if has_groups else "1")
    result = forerun.run(code.replace("/tmp", str(tmp_path)), limits=limits)
    assert result.status == "run-error", result.output
    assert [note for note in result.notes if option in note], (result.notes, result.error)
    assert forerun.run(code.replace("/tmp", str(tmp_path))).status == "success"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may have as many processes as it likes")
def test_processes_are_limited(cache_dir: Path, no_groups: None) -> None:
    code = "import threading, time\n[threading.Thread(target=time.sleep, args=(1,)).start() for _ in range(9)]"
    result = forerun.run(code, limits=Limits(processes=1))
    assert "--max-processes" in str(result.notes)


def test_what_a_script_starts_is_limited_too(cache_dir: Path, no_groups: None) -> None:
    code = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'x = bytearray(1 << 30)']).returncode"
    result = forerun.run(code, limits=Limits(memory=300 << 20))
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.value.data == 1


def test_limits_hold_in_a_sandbox_too(cache_dir: Path, no_groups: None) -> None:
    code = "import resource\nresource.getrlimit(resource.RLIMIT_AS)"
    try:
        result = forerun.run(code, limits=Limits(memory=1 << 30), sandbox=True)
    except ContainmentError as error:
        skip_where_not_permitted(error)
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.value.data == [1 << 30, 1 << 30]


def test_a_limit_cannot_be_taken_back(cache_dir: Path) -> None:
    code = "import resource\nresource.getrlimit(resource.RLIMIT_FSIZE)"
    result = forerun.run(code, limits=Limits(file_size=5000))
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.value.data == [5000, 5000]


@pytest.mark.parametrize(
    "error", ["ValueError: x", "", "Traceback: MemoryError was here\nValueError: y"], ids=["other", "none", "not last"]
)
def test_other_failures_are_not_laid_to_a_limit(error: str) -> None:
    assert reached(Limits(1 << 30, 5, 5, 5), error, 0) == ()


def test_what_the_kernel_saw_reached_is_named_without_any_error() -> None:
    assert "--max-memory 5" in str(reached(Limits(memory=5, processes=9), "", 9, ("memory",)))
    assert "--max-processes 9" in str(reached(Limits(memory=5, processes=9), "ValueError", 0, ("processes",)))


def test_without_a_limit_nothing_was_reached() -> None:
    assert reached(Limits(), "MemoryError", 25) == ()


@pytest.mark.parametrize("size", ["0", "x", "-1", "1XB", ""])
def test_nonsense_is_refused_in_a_sentence(size: str, run_forerun: Callable[..., Any]) -> None:
    done = run_forerun("run", f"--max-memory={size}", "-c", "print(1)")
    assert done.returncode == 2
    assert "is no size" in done.stderr


def test_the_command_limits_and_says_so(run_forerun: Callable[..., Any], no_groups: None) -> None:
    done = run_forerun("run", "--max-memory", "300MB", "-c", "x = bytearray(1 << 30)")
    assert done.returncode == 1
    assert "MemoryError" in done.stderr
    assert done.stderr.endswith(
        "forerun: the script reached the limit --max-memory 300000000; raise it if the script is right\n"
    )
