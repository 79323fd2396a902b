"""A run of the server can neither reach the server's processes nor see what they know; no network means none."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

import forerun
from forerun.runner import mount
from forerun.runner.captured import Captured
from forerun.runner.errors import ContainmentError, RunnerError
from forerun.runner.supervision import Said


@pytest.fixture
def served(cache_dir: Path, tmp_path: Path) -> Callable[..., forerun.RunResult]:
    """Return a function that runs code as the server does."""

    def run(code: str, **options: Any) -> forerun.RunResult:
        result = forerun.run(code, protects_store=True, mount=("/working", tmp_path), environment={}, **options)
        if not mount.can_separate():
            pytest.skip("this system lets nobody make a process namespace")
        return result

    return run


def value_of(result: forerun.RunResult) -> Any:
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    return result.value.data


def test_it_sees_only_its_own_processes(served: Callable[..., forerun.RunResult]) -> None:
    code = "import os\nsorted(int(each) for each in os.listdir('/proc') if each.isdigit())"
    assert value_of(served(code)) == [1, 2]


def test_it_cannot_kill_its_supervisor(served: Callable[..., forerun.RunResult]) -> None:
    code = (
        "import os, signal\nparents = [os.getppid(), 1]\n"
        "for number in range(1, 65):\n"
        "    for process in parents:\n"
        "        if number not in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, 10, 12):\n"
        "            try:\n                os.kill(process, number)\n"
        "            except OSError:\n                pass\n"
        "'still here'"
    )
    assert value_of(served(code)) == "still here"


def test_it_cannot_read_what_the_server_was_told(
    served: Callable[..., forerun.RunResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORERUN_TEST_SECRET", "hunter22")
    code = (
        "import glob\nfound = []\n"
        "for path in glob.glob('/proc/*/environ') + glob.glob('/proc/*/task/*/environ'):\n"
        "    try:\n        found.append('hunter22' in open(path).read())\n"
        "    except OSError:\n        pass\nany(found)"
    )
    # The server's own variables are in its memory from its start, so that a process with them must be asked for.
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as holder:
        assert value_of(served(code)) is False
        assert "hunter22" in Path(f"/proc/{holder.pid}/environ").read_text()
        holder.communicate()


def test_the_first_process_shows_it_no_descriptor_of_ours(served: Callable[..., forerun.RunResult]) -> None:
    code = "import os\ntry:\n    found = len(os.listdir('/proc/1/fd'))\nexcept PermissionError:\n    found = 0\nfound"
    assert value_of(served(code)) <= 1


def test_the_host_s_processes_are_not_below_its_own(served: Callable[..., forerun.RunResult]) -> None:
    code = (
        "import ctypes, os\nctypes.CDLL(None).umount2(b'/proc', 2)\n"
        f"os.path.exists('/proc/{os.getpid()}/environ') and open('/proc/{os.getpid()}/environ').read()"
    )
    assert value_of(served(code)) is False


ENDINGS = {
    "exit code": ("raise SystemExit(7)", "run-error", 7, 0),
    "killed": ("import os; os.kill(os.getpid(), 9)", "run-error", 137, signal.SIGKILL),
    "terminated": ("import os; os.kill(os.getpid(), 15)", "run-error", 143, signal.SIGTERM),
    "aborted": ("import os; os.abort()", "run-error", 134, signal.SIGABRT),
    "first process asked to end": ("import os, time; os.kill(1, 15); time.sleep(60)", "run-error", 143, signal.SIGTERM),
}


@pytest.mark.parametrize(("code", "status", "exit_code", "number"), ENDINGS.values(), ids=ENDINGS.keys())
def test_it_ends_as_the_script_did(
    code: str, status: str, exit_code: int, number: int, served: Callable[..., forerun.RunResult]
) -> None:
    result = served(code)
    assert (result.status, result.exit_code, getattr(result, "signal", 0)) == (status, exit_code, number)


def test_a_script_may_tidy_up_when_its_time_is_over(served: Callable[..., forerun.RunResult], tmp_path: Path) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (open('/working/tidy', 'w').close(), sys.exit()))\ntime.sleep(60)"
    )
    assert served(code, timeout=1).status == "timeout"
    assert (tmp_path / "tidy").exists()


def test_one_that_ignores_the_deadline_is_killed(served: Callable[..., forerun.RunResult]) -> None:
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)"
    result = served(code, timeout=0.5)
    assert result.status == "timeout"
    assert result.timing.run < 30


def test_where_it_cannot_be_had_scripts_run_all_the_same(
    cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mount, "_can_separate", False)
    code = "import os\nos.getpid() > 2"
    assert value_of(forerun.run(code, protects_store=True, mount=("/working", tmp_path))) is True


def not_permitted(error: ContainmentError) -> NoReturn:
    if "not permitted" in str(error):
        pytest.skip(str(error))
    raise error


TALKS = (
    "import socket\nfound = []\n"
    "for address in {addresses!r}:\n"
    "    with socket.socket() as client:\n        client.settimeout(2)\n"
    "        found.append(client.connect_ex(address) == 0)\n"
    "with socket.socket() as server, socket.socket() as client:\n"
    "    server.bind(('127.0.0.1', 0)); server.listen(); found.append(client.connect_ex(server.getsockname()) == 0)\n"
    "print(found)"
)


@pytest.mark.parametrize("is_served", [False, True], ids=["library", "server"])
def test_without_a_network_it_reaches_nobody_but_itself(is_served: bool, cache_dir: Path, tmp_path: Path) -> None:
    more: dict[str, Any] = {"protects_store": True, "mount": ("/working", tmp_path)} if is_served else {}
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        code = TALKS.format(addresses=[server.getsockname()])
        assert forerun.run(code, **more).output == "[True, True]\n"
        try:
            result = forerun.run(code, no_network=True, **more)
        except ContainmentError as error:
            not_permitted(error)
    assert result.output == "[False, True]\n", result.error


def test_root_cannot_go_back_to_the_network(cache_dir: Path) -> None:
    code = (
        "import ctypes, os\n"
        "[ctypes.CDLL(None).setns(os.open(f'/proc/{process}/ns/net', os.O_RDONLY), 0)"
        " for process in (1, os.getppid()) if os.access(f'/proc/{process}/ns/net', os.R_OK)]"
    )
    try:
        result = forerun.run(code, no_network=True)
    except ContainmentError as error:
        not_permitted(error)
    assert result.status == "run-error" or 0 not in value_of(result)


def test_the_command_takes_both_options(run_forerun: Callable[..., Any]) -> None:
    code = "import os, sys; print(len(os.listdir('/sys/class/net')) if os.path.isdir('/sys') else 'hidden', sys.argv)"
    done = run_forerun("run", "--sandbox", "-c", code, "a")
    if "not permitted" in done.stderr:
        pytest.skip(done.stderr)
    assert (done.stdout, done.stderr, done.returncode) == ("hidden ['-c', 'a']\n", "", 0)
    assert run_forerun("run", "--no-network", "-c", "raise SystemExit(5)").returncode == 5


def test_a_file_runs_in_a_sandbox_by_itself_or_in_its_mount(run_forerun: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("found = 1")
    (tmp_path / "script.py").write_text("import os\nprint(__file__, os.path.exists('beside.py'))")
    alone = run_forerun("run", "--sandbox", str(tmp_path / "script.py"))
    if "not permitted" in alone.stderr:
        pytest.skip(alone.stderr)
    assert alone.stdout == f"{tmp_path / 'script.py'} False\n", alone.stderr
    mounted = run_forerun("run", "--sandbox", "--mount", "/working", "--path", str(tmp_path), "/working/script.py")
    assert mounted.stdout == "/working/script.py True\n", mounted.stderr


@pytest.mark.parametrize(
    ("number", "is_given_up"), [(errno.EPERM, True), (errno.ENOSYS, True), (errno.EAGAIN, False), (errno.ENOSPC, False)]
)
def test_only_a_system_that_never_allows_it_is_not_asked_again(
    number: int, is_given_up: bool, cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a script could use up all processes, so that the next one is let see the server's."""
    monkeypatch.setattr(mount, "_can_separate", True)

    class Refusing(Captured):
        def _supervised(self, job: str, python: str, cancellation: Any) -> Said:
            told = json.loads(Path(job).read_text())
            if not told["confined"]["own_processes"]:
                return super()._supervised(job, python, cancellation)
            ending = {"failure": os.strerror(number), "errno": number, "refused": "processes"}
            return Said(json.dumps(ending).encode())

    def run() -> forerun.RunResult:
        return forerun.run("1", protects_store=True, mount=("/working", tmp_path), executor=Refusing())

    if not mount.can_mount():
        pytest.skip("this system lets nobody make a mount namespace")
    if is_given_up:
        assert run().status == "success"
    else:
        with pytest.raises(RunnerError, match=os.strerror(number)):
            run()
    assert mount.can_separate() is not is_given_up
