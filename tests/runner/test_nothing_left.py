"""After a run, however it ends: no process, no folder, and a store that still works."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import forerun
from forerun.runner.recovery import recover
from forerun.runner.store import Claim, open_store

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]
SRC = Path(__file__).parents[2] / "src"

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(3, 64):
            try:
                os.close(number)
            except OSError:
                pass
        os.execve(sys.executable, [sys.executable, "-c", {loop!r}], {{}})
    os._exit(0)
while not os.path.exists({pids!r}):
    time.sleep(0.02)
{end}
"""
SLEEP = "import os, time\nopen({pids!r}, 'a').write(str(os.getpid()) + chr(10))\ntime.sleep(600)"
RESPAWN = """
import os, time
for _ in range(100000):
    open({pids!r}, 'a').write(str(os.getpid()) + chr(10))
    if os.fork():
        time.sleep(0.01)
        os._exit(0)
"""


def pids_in(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().splitlines()]


def is_alive(pid: int) -> bool:
    """Whether a process of ours runs; one that was ended and waits for its parent's notice does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


ENDS = {"ended": "print('end')", "killed": "os.kill(os.getpid(), 9)", "failed": "1 / 0"}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("loop", [SLEEP, RESPAWN], ids=["daemon", "respawner"])
def test_daemons_are_gone(end: str, loop: str, tmp_path: Path, run_forerun: Forerun) -> None:
    pids = tmp_path / "pids"
    code = DAEMON.format(loop=loop.format(pids=str(pids)), pids=str(pids), end=end)
    (tmp_path / "a.py").write_text(code)
    ways: list[Callable[[], int]] = [
        lambda: forerun.run(code, timeout=100).exit_code,
        lambda: run_forerun("a.py").returncode,
    ]
    for run in ways:
        assert run() in (0, 137, -9, 1)
        left = pids_in(pids)
        assert left
        assert not [pid for pid in left if is_alive(pid)]
        time.sleep(0.1)
        assert pids_in(pids) == left
        pids.unlink()


def test_a_timeout_ends_daemons_too(tmp_path: Path, run_forerun: Forerun) -> None:
    pids = tmp_path / "pids"
    code = DAEMON.format(loop=SLEEP.format(pids=str(pids)), pids=str(pids), end="time.sleep(600)")
    (tmp_path / "a.py").write_text(code)
    done = run_forerun("run", "--timeout", "4", "a.py")
    assert done.returncode == 124
    assert done.stderr == "forerun: the script was ended after 4 seconds\n"
    assert not any(map(is_alive, pids_in(pids)))


def test_output_held_open_by_a_daemon_does_not_hold_us_up(tmp_path: Path) -> None:
    result = forerun.run("import subprocess\nsubprocess.Popen(['sleep', '600'], start_new_session=True)\nprint('end')")
    assert (result.status, result.stdout) == ("success", "end\n")


ODD_TREES = {
    "no rights": "os.makedirs(env + '/x/y'); open(env + '/x/y/z', 'w')\n"
    "os.chmod(env + '/x/y', 0); os.chmod(env, 0o500)",
    "no rights on ours": "os.chmod(os.path.dirname(env), 0)",
    "deep": "os.chdir(env)\nfor n in range(1500):\n    os.mkdir('d')\n    os.chdir('d')",
    "link": "os.symlink({kept!r}, env + '/link'); os.symlink('/nowhere', env + '/broken')",
    "many": "for n in range(2000):\n    open(env + '/' + str(n), 'w').close()",
    "pipe": "os.mkfifo(env + '/pipe')",
    "removed by itself": "import shutil; shutil.rmtree(env)",
}


@pytest.mark.parametrize("action", ODD_TREES.values(), ids=ODD_TREES.keys())
def test_odd_trees_are_deleted(action: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    action = action.replace("{kept!r}", repr(str(kept)))
    result = forerun.run(f"import os, sys\nenv = sys.prefix\n{action}\nprint('end', flush=True)\nos._exit(0)")
    assert result.stdout == "end\n", result.error
    assert (kept / "file").exists()


BEGIN = """
import os, time
with open({pids!r} + '.part', 'w') as f:
    f.write(str(os.getpid()))
os.rename({pids!r} + '.part', {pids!r})
time.sleep(600)
"""


def test_killed_outright_the_script_dies_too_and_the_next_run_cleans_up(
    forerun_command: list[str], tmp_path: Path, cache_dir: Path, run_forerun: Forerun
) -> None:
    pids, script = tmp_path / "pids", tmp_path / "a.py"
    script.write_text(BEGIN.format(pids=str(pids)))
    process = subprocess.Popen([*forerun_command, str(script)])
    wait_until(pids.exists)
    process.kill()
    process.wait()
    wait_until(lambda: not any(map(is_alive, pids_in(pids))))
    assert len(list((cache_dir / "1" / "runs").iterdir())) == 1
    script.write_text("print('next')")
    assert run_forerun("a.py").stdout == "next\n"
    assert list((cache_dir / "1" / "runs").iterdir()) == []


def test_a_killed_program_takes_its_captured_run_with_it(tmp_path: Path, cache_dir: Path) -> None:
    pids = tmp_path / "pids"
    code = DAEMON.format(loop=SLEEP.format(pids=str(pids)), pids=str(pids), end="time.sleep(600)")
    program = f"import sys; sys.path.insert(0, {str(SRC)!r}); import forerun; forerun.run({code!r})"
    process = subprocess.Popen([sys.executable, "-c", program])
    wait_until(pids.exists)
    process.kill()
    process.wait()
    wait_until(lambda: not any(map(is_alive, pids_in(pids))))
    # The supervisor still writes there until it has ended.
    wait_until(lambda: not _processes_below(cache_dir))
    recover(open_store())


def _processes_below(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                found.append((entry / "cmdline").read_bytes().decode("utf-8", "replace"))
            except OSError:
                continue
    return [each for each in found if str(folder) in each and str(os.getpid()) not in each]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_ended_while_installing(
    number: signal.Signals, code: int, forerun_command: list[str], tmp_path: Path, cache_dir: Path
) -> None:
    (tmp_path / "a.py").write_text("import six")
    # An index that accepts and never answers, so that the installer is under way for as long as we like.
    with socket.create_server(("127.0.0.1", 0)) as server:
        index = f"http://127.0.0.1:{server.getsockname()[1]}/simple"
        environment = {**os.environ, "UV_INDEX_URL": index, "UV_NO_CACHE": "1"}
        process = subprocess.Popen(
            [*forerun_command, "a.py"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
        )
        connection, _ = server.accept()
        with connection:
            process.send_signal(number)
            assert process.communicate(timeout=120)[1] == ""
    assert process.returncode == code


def test_a_layer_that_was_being_built_when_we_were_killed_is_removed(
    forerun_command: list[str], tmp_path: Path, cache_dir: Path, run_forerun: Forerun
) -> None:
    (tmp_path / "a.py").write_text("import six")
    building = cache_dir / "1" / "building"
    with socket.create_server(("127.0.0.1", 0)) as server:
        index = f"http://127.0.0.1:{server.getsockname()[1]}/simple"
        environment = {**os.environ, "UV_INDEX_URL": index, "UV_NO_CACHE": "1", "UV_HTTP_RETRIES": "0"}
        process = subprocess.Popen([*forerun_command, "a.py"], cwd=tmp_path, env=environment)
        connection, _ = server.accept()
        process.kill()
        process.wait()
        assert len(list(building.iterdir())) == 1
        connection.close()
    (tmp_path / "a.py").write_text("print('next')")
    assert run_forerun("a.py").stdout == "next\n"
    assert list(building.iterdir()) == []


def test_many_runs_at_once(forerun_command: list[str], tmp_path: Path, cache_dir: Path) -> None:
    (tmp_path / "a.py").write_text("import os, sys\nprint(sys.argv[1], os.path.isdir(sys.prefix))\n")
    running = [
        subprocess.Popen([*forerun_command, "a.py", str(n)], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for n in range(30)
    ]
    assert [each.communicate(timeout=200)[0] for each in running] == [f"{n} True\n" for n in range(30)]
    assert {each.returncode for each in running} == {0}


def test_recover_spares_the_living(forerun_command: list[str], tmp_path: Path, cache_dir: Path) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    (tmp_path / "a.py").write_text(
        f"import os, sys, time\nopen({str(begun)!r}, 'w').close()\n"
        f"while not os.path.exists({str(go)!r}):\n    time.sleep(.02)\nprint(os.path.exists(sys.prefix))\n"
    )
    process = subprocess.Popen([*forerun_command, "a.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    wait_until(begun.exists)
    # The kernel dates a folder of /proc by the first look at it: that must not count as the process's beginning.
    time.sleep(1.5)
    recover(open_store())
    go.touch()
    assert process.communicate(timeout=120)[0] == "True\n"
    assert process.returncode == 0


def test_recover_deletes_what_nobody_holds(cache_dir: Path) -> None:
    store = open_store()
    for kind in ("runs", "building"):
        # The number of a living process means nothing: numbers are used again.
        abandoned = Path(store.path(kind, f"{os.getpid()}-1-0"))
        (abandoned / "layer" / "deep").mkdir(parents=True)
        (abandoned / "layer").chmod(0o500)
        with Claim(store, kind, "claimed") as claim:
            recover(store)
            assert [each.name for each in Path(store.path(kind)).iterdir()] == ["claimed"]
        assert not os.path.exists(claim.folder)


def test_recover_leaves_what_is_about_to_be_claimed(cache_dir: Path) -> None:
    store = open_store()
    hidden = Path(store.path("runs", ".1-1-0"))
    hidden.mkdir()
    recover(store)
    assert hidden.exists()
    os.utime(hidden, (1, 1))
    recover(store)
    assert not hidden.exists()


UNSTARTED = """
import signal, sys
sys.path.insert(0, {src!r})
from forerun.runner.supervisor import Job, run_attached
try:
    run_attached(Job(["/nothing/here"], {{}}, limits={limits!r}, counted_for={folder!r}))
except Exception as error:
    print(type(error).__name__, sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
"""


@pytest.mark.parametrize(
    ("limits", "raised"),
    [({"processes": "no number"}, "TypeError"), ({}, "FileNotFoundError")],
    ids=["its group cannot be made", "its program cannot be started"],
)
def test_no_signal_stays_blocked_where_a_job_cannot_be_run(
    limits: dict[str, object], raised: str, tmp_path: Path
) -> None:
    code = UNSTARTED.format(src=str(SRC), limits=limits, folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"{raised} []\n", "")
