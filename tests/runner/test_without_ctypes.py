"""A Python that was built without ctypes (no headers of libffi) runs scripts, with what is to be had without it.

No such Python is here, so the module is taken away from those that take part in a run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from forerun.runner.process import DIES_WITH_US

from .test_nothing_left import DAEMON, SLEEP, is_alive, pids_in

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere nothing needs it")
SOURCE = str(Path(__file__).parents[2] / "src")
TAKEN_AWAY = "import sys\nsys.modules['_ctypes'] = sys.modules['ctypes'] = None\n"
COMMAND = f"{TAKEN_AWAY}sys.path.insert(0, {SOURCE!r})\nfrom forerun.commands.main import forerun\nsys.exit(forerun())"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(cache_dir: Path, tmp_path: Path) -> Run:
    beside = tmp_path / "beside"
    beside.mkdir()
    for name in ("_ctypes", "ctypes"):
        (beside / f"{name}.py").write_text(f"raise ImportError('there is no {name}')\n")

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", COMMAND, *arguments],
            capture_output=True, text=True, cwd=tmp_path, timeout=300, stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(beside)},
        )  # fmt: skip

    return call


def test_it_is_taken_away(run: Run, tmp_path: Path) -> None:
    """Else the other tests here would prove nothing."""
    (tmp_path / "a.py").write_text("import ctypes\n")
    assert "ImportError" in run("a.py").stderr


def test_a_script_runs_and_its_daemons_end(run: Run, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    # Orphans are found by what they inherited; one that clears that is not.
    loop = SLEEP.format(pids=str(pids))
    (tmp_path / "a.py").write_text(
        DAEMON.format(loop=loop, pids=str(pids), end="print('end')").replace("{})", "os.environ)")
    )
    done = run("a.py")
    assert (done.stdout, done.stderr, done.returncode) == ("end\n", "", 0)
    assert pids_in(pids)
    assert not any(map(is_alive, pids_in(pids)))


@pytest.mark.parametrize("option", ["--no-network", "--sandbox"])
def test_what_needs_it_is_refused_in_a_sentence(option: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print('ran')\n")
    done = run("run", option, "a.py")
    assert (done.stdout, done.returncode) == ("", 3)
    assert done.stderr == (
        f"forerun: {option} is not to be had on this machine (this Python has no ctypes), so nothing was run\n"
    )


def test_a_mount_is_had_by_translation(run: Run, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    code = "open('/working/made', 'w').write('x')"
    done = run("run", "--mount", "/working", "--path", "there", "-c", code)
    assert (done.stderr, done.returncode) == ("", 0)
    assert (tmp_path / "there" / "made").read_text() == "x"


def test_tools_start(tmp_path: Path) -> None:
    starter = f"{TAKEN_AWAY}sys.argv[1:] = ['/bin/sh', '-c', 'kill -TERM $$']\n{DIES_WITH_US[-1]}"
    assert subprocess.run([sys.executable, "-c", starter], check=False).returncode == -signal.SIGTERM
