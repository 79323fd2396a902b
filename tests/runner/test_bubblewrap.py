"""Where our own system calls are refused, bubblewrap gives a run its mount, and all else holds as it does without."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import forerun
from forerun.runner import mount
from forerun.runner.bubblewrap import BubblewrapRefused, options
from forerun.runner.errors import ContainmentError
from forerun.runner.limits import Limits
from forerun.runner.process import Cancellation
from forerun.runner.recovery import recover
from forerun.runner.store import open_store
from forerun.runner.supervisor import Job, start

from .test_control_group import PROCESSES, THREADS, grouped, run_folder
from .test_mount import linked
from .test_outcomes import COUNTS_REQUESTS
from .test_separation import value_of
from .test_ways_into_the_mount import LIBRARIES, WAYS, goes_into_the_mount

Run = Callable[..., Any]
SITE_PACKAGES = [path for path in sys.path if path.endswith("site-packages")]
SRC = Path(__file__).parents[2] / "src"
NOBODY = 65534

__all__ = ["grouped", "run_folder"]


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch, cache_dir: Path) -> str:
    """Keep us from mounting by ourselves, and return the bubblewrap that does it instead."""
    monkeypatch.setenv("FORERUN_NO_NAMESPACES", "own")
    monkeypatch.setattr(mount, "_bubblewrap", None)
    program = mount.bubblewrap()
    if not program:
        pytest.skip("there is no bubblewrap (bwrap) on PATH that can make namespaces here")
    return program


@pytest.fixture
def mounted(through: str, tmp_path: Path) -> Callable[..., forerun.RunResult]:
    """Return a function that runs code with a mount, through bubblewrap."""

    def run(code: str, **options: Any) -> forerun.RunResult:
        result = forerun.run(code, mount=("/working", tmp_path), **options)
        assert mount.bubblewrap() == through, "it was given up"
        return result

    return run


@pytest.mark.parametrize("code", WAYS.values(), ids=WAYS.keys())
def test_a_way_leads_into_the_mount(code: str, through: str, tmp_path: Path) -> None:
    goes_into_the_mount(code, tmp_path)
    assert mount.bubblewrap() == through


@pytest.mark.network
@pytest.mark.parametrize("code", LIBRARIES.values(), ids=LIBRARIES.keys())
def test_a_library_s_way_leads_into_the_mount(code: str, through: str, tmp_path: Path) -> None:
    goes_into_the_mount(code, tmp_path)
    assert mount.bubblewrap() == through


def test_nothing_is_left_on_the_host(mounted: Run) -> None:
    before = sorted(os.listdir("/"))
    assert mounted("import os\nos.listdir('/working')").status == "success"
    assert sorted(os.listdir("/")) == before


@pytest.mark.parametrize("place", ["/srv/forerun/deep/er", "/opt/forerun-mount", "/mnt/a"])
def test_a_mount_may_lie_deeper(place: str, through: str, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("text")
    before = sorted(Path(place).parents[-2].rglob("*"))
    code = f"import os\n[open('{place}/in.txt').read(), sorted(os.listdir('/usr')), sorted(os.listdir('/opt'))]"
    text, usr, opt = value_of(forerun.run(code, mount=(place, tmp_path)))
    assert (text, usr) == ("text", sorted(os.listdir("/usr")))
    assert set(opt) == {*os.listdir("/opt"), *(["forerun-mount"] if place.startswith("/opt") else [])}
    assert sorted(Path(place).parents[-2].rglob("*")) == before


@pytest.mark.parametrize("number", range(3), ids=["through a link", "deeper", "a link to what is not there"])
def test_links_to_the_mount_are_followed(number: int, through: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    mounted, links = tmp_path_factory.mktemp("mounted"), tmp_path_factory.mktemp("links")
    (mounted / "in.txt").write_text("text")
    virtual, place = linked(links)[number]
    assert value_of(forerun.run(f"open('{virtual}/in.txt').read()", mount=(virtual, mounted))) == "text"
    assert list(place.iterdir()) == []
    assert mount.bubblewrap() == through


@pytest.mark.skipif(not os.path.islink("/var/lock"), reason="here /var/lock is no link")
def test_the_command_mounts_below_a_link_of_the_system(through: str, run_forerun: Run, tmp_path: Path) -> None:
    code = "import os\nprint(os.getpid(), os.listdir('/var/lock/forerun-test'))"
    done = run_forerun("run", "--mount", "/var/lock/forerun-test", "--path", tmp_path, "-c", code)
    assert (done.stdout, done.stderr) == ("2 []\n", "")
    assert not os.path.lexists("/var/lock/forerun-test")


def test_it_is_the_second_process_of_its_own_namespace_and_session(mounted: Run) -> None:
    code = "import os\n[os.getpid(), os.getsid(0), sorted(int(each) for each in os.listdir('/proc') if each.isdigit())]"
    assert value_of(mounted(code)) == [2, 2, [1, 2]]


def test_it_has_its_streams_and_no_more(mounted: Run) -> None:
    code = "import os\nsorted(int(each) for each in os.listdir('/proc/self/fd'))[:-1]"
    assert value_of(mounted(code)) == [0, 1, 2]
    assert mounted("import sys\nprint(input(), file=sys.stderr)", stdin="asked").stderr == "asked\n"


def test_it_keeps_its_variables(mounted: Run) -> None:
    """Also those that a setuid program loses."""
    given = {"PATH": os.environ["PATH"], "TMPDIR": "/var/tmp", "LD_LIBRARY_PATH": "/nothing", "ODD": "\udce4=\n"}
    code = f"import os\n[os.environ.get(name) for name in {sorted(given)!r}]"
    assert value_of(mounted(code, environment=given))[:2] == ["/nothing", "\udce4=\n"]


def test_the_store_is_closed_but_for_the_run_s_own_folder(mounted: Run, cache_dir: Path) -> None:
    code = (
        "import os, sys\nwritten = []\n"
        f"for path in ({str(cache_dir)!r} + '/1/layers/x', sys.prefix + '/x'):\n"
        "    try:\n        open(path, 'w').close()\n        written.append(True)\n"
        "    except OSError as error:\n        written.append(error.errno)\nwritten"
    )
    assert value_of(mounted(code, protects_store=True)) == [30, True]


def test_the_store_is_closed_under_the_mount_too(through: str, cache_dir: Path) -> None:
    inside = f"/working/{cache_dir.name}/1/layers"
    code = (
        f"import os\nfound = os.path.isdir('{inside}')\ntry:\n    open('{inside}/x', 'w')\nexcept OSError as error:\n"
    )
    result = forerun.run(code + "    found = [found, error.errno]\nfound", mount=("/working", cache_dir.parent),
                         protects_store=True)  # fmt: skip
    assert value_of(result) == [True, 30]
    assert not (cache_dir / "1" / "layers" / "x").exists()


@pytest.mark.parametrize(
    ("code", "expected"),
    [("raise SystemExit(0)", (0, 0)), ("raise SystemExit(7)", (7, 0)), ("raise SystemExit(137)", (137, 0)),
     ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", (139, 11)),
     ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", (137, 9))],
    ids=["0", "7", "137", "SIGSEGV", "SIGKILL"],
)  # fmt: skip
def test_it_ends_as_the_script_does(code: str, expected: tuple[int, int], mounted: Run) -> None:
    result = mounted(code)
    assert (result.exit_code, getattr(result, "signal", 0)) == expected


def test_a_deadline_leaves_time_to_end_and_says_so_once(mounted: Run) -> None:
    result = mounted(COUNTS_REQUESTS, timeout=2)
    assert (result.status, result.output) == ("timeout", "on\nasked 1 times\n")


def test_one_that_will_not_end_is_ended(mounted: Run) -> None:
    code = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('on', flush=True)\ntime.sleep(600)"
    )
    result = mounted(code, timeout=2)
    assert (result.status, result.output) == ("timeout", "on\n")


def with_argument(argument: str) -> list[int]:
    """Return the processes that were started with an argument."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if argument.encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


DAEMON = (
    "import os, subprocess, sys, time\n"
    "command = [sys.executable, '-c', 'import time; time.sleep(600)', sys.argv[1]]\n"
    "subprocess.Popen(command, start_new_session=True, env={})\n"
    "open('/working/on', 'w').close()\n"
)


@pytest.mark.parametrize("way", ["it ends", "cancelled", "timeout"])
def test_all_that_it_started_ends_with_it(way: str, mounted: Run, tmp_path: Path) -> None:
    argument = f"daemon-{os.getpid()}-{time.monotonic_ns()}"
    cancellation = Cancellation()

    def cancel() -> None:
        while not (tmp_path / "on").exists():
            time.sleep(0.02)
        cancellation.cancel()

    thread = threading.Thread(target=cancel if way == "cancelled" else lambda: None)
    thread.start()
    code = DAEMON if way == "it ends" else DAEMON + "time.sleep(600)"
    result = mounted(code, arguments=[argument], cancellation=cancellation, timeout=5 if way == "timeout" else None)
    thread.join()
    assert result.status == {"it ends": "success", "cancelled": "cancelled", "timeout": "timeout"}[way]
    assert with_argument(argument) == []


def test_the_limit_of_processes_does_not_count_ours(mounted: Run, grouped: list[str]) -> None:
    most = mounted(THREADS.format(8, ""), limits=PROCESSES)
    assert (most.status, most.notes) == ("success", ()), most.error
    assert "--max-processes 9" in str(mounted(THREADS.format(9, ""), limits=PROCESSES).notes)


def test_limits_of_each_process_hold(mounted: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where bubblewrap itself could not keep them."""
    monkeypatch.setenv("FORERUN_NO_CONTROL_GROUPS", "1")
    code = "import resource\n[resource.getrlimit(each) for each in (resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE)]"
    assert value_of(mounted(code, limits=Limits(processes=1, open_files=64))) == [[1, 1], [64, 64]]


@pytest.fixture
def commanded(through: str, forerun_command: list[str], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return a function that starts the command with a mount."""
    started = []

    def begin(code: str, *arguments: str) -> subprocess.Popen[str]:
        command = [*forerun_command, "run", "--mount", "/working", "-c", code, *arguments]
        started.append(
            subprocess.Popen(
                command, cwd=tmp_path, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
        )  # fmt: skip
        return started[-1]

    yield begin
    for each in started:
        each.kill()
        each.communicate()


def test_the_command_hands_its_streams_on(commanded: Run) -> None:
    process = commanded("import os\nprint(os.listdir('/working'), input())\nraise SystemExit(5)")
    assert process.communicate("asked\n") == ("[] asked\n", "")
    assert process.returncode == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_the_command_passes_signals_on(number: signal.Signals, commanded: Run) -> None:
    process = commanded(
        f"import signal, sys, time\nsignal.signal({int(number)}, lambda *_: sys.exit('got it'))\n"
        "print('on', flush=True)\ntime.sleep(600)"
    )
    assert process.stdout.readline() == "on\n"
    process.send_signal(number)
    assert process.communicate() == ("", "got it\n")
    assert process.returncode == 1


def test_the_command_dies_of_what_the_script_died_of(commanded: Run) -> None:
    process = commanded("print('on', flush=True)\nimport time\ntime.sleep(600)")
    assert process.stdout.readline() == "on\n"
    process.terminate()
    process.communicate()
    assert process.returncode == -signal.SIGTERM


def test_a_killed_command_leaves_no_process(commanded: Run) -> None:
    argument = f"daemon-{os.getpid()}-{time.monotonic_ns()}"
    process = commanded(DAEMON + "print('on', flush=True)\ntime.sleep(600)", argument)
    assert process.stdout.readline() == "on\n"
    assert len(with_argument(argument)) > 1
    process.kill()
    while with_argument(argument):
        time.sleep(0.02)
    recover(open_store())


def test_what_cannot_be_mounted_is_refused(through: str, tmp_path: Path) -> None:
    job = Job(["/bin/sh", "-c", f"touch {tmp_path}/ran"], {}, mounts=[("/working", "/nothing")], bubblewrap=through)
    with pytest.raises(BubblewrapRefused):
        start(job)
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_cannot_be_started_is_said_as_ever(through: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        start(Job(["/nothing/here"], {}, mounts=[("/working", str(tmp_path))], bubblewrap=through))


@pytest.mark.parametrize("option", ["sandbox", "no_network"])
def test_what_it_is_not_used_for_is_refused(option: str, mounted: Run) -> None:
    with pytest.raises(ContainmentError, match="FORERUN_NO_NAMESPACES=own"):
        mounted("1", **{option: True})


@pytest.mark.parametrize("text", ["", "#!/bin/sh\nexit 1\n"], ids=["none", "one that can do nothing"])
def test_without_it_paths_are_translated(
    text: str, cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    if text:
        (tmp_path / "bin" / "bwrap").write_text(text)
        (tmp_path / "bin" / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    monkeypatch.setenv("FORERUN_NO_NAMESPACES", "own")
    monkeypatch.setattr(mount, "_bubblewrap", None)
    result = forerun.run("open('/working/made', 'w').close()\nimport os\nos.getpid()", mount=("/working", tmp_path))
    assert value_of(result) > 2
    assert (tmp_path / "made").exists()


def test_one_that_fails_later_is_not_given_up(cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a script that uses up processes would have the next one see more."""
    refuses = tmp_path / "bwrap"
    refuses.write_text("#!/bin/sh\nexit 1\n")
    refuses.chmod(0o755)
    monkeypatch.setenv("FORERUN_NO_NAMESPACES", "own")
    monkeypatch.setattr(mount, "_bubblewrap", str(refuses))
    with pytest.raises(forerun.RunnerError, match=r"bwrap could not make its mounts and namespaces$"):
        forerun.run("open('/working/made', 'w')", mount=("/working", tmp_path))
    assert mount.bubblewrap() == str(refuses)


def test_ours_comes_first(cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORERUN_NO_NAMESPACES", raising=False)
    monkeypatch.setattr(mount, "_can_mount", True)
    assert mount.bubblewrap() == ""
    mount.give_up_mounting()
    monkeypatch.setattr(mount, "_bubblewrap", "/usr/bin/bwrap")
    assert mount.bubblewrap() == "/usr/bin/bwrap"
    monkeypatch.setenv("FORERUN_NO_NAMESPACES", "1")
    assert mount.bubblewrap() == ""


def test_no_folder_of_the_host_is_made(tmp_path: Path) -> None:
    """Each folder on the way to a target that is not there is one of bubblewrap's own."""
    given = options([("/usr/lib/nothing/here", str(tmp_path))], ())
    made = [given[index + 1] for index, each in enumerate(given) if each == "--dir"]
    bound = [given[index + 2] for index, each in enumerate(given) if each == "--bind-try"]
    assert made[:2] == ["/usr", "/usr/lib"]
    assert not {"/usr", "/usr/lib", "/usr/lib/nothing", "/dev", "/proc"} & set(bound)
    assert {f"/usr/{name}" for name in os.listdir("/usr") if not os.path.islink(f"/usr/{name}")} <= {*made, *bound}


def system_python() -> str:
    """Return a Python that any user may run, and that is new enough."""
    for path in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        done = subprocess.run(
            [path, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
            user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", capture_output=True, check=False,
        ) if os.path.exists(path) and _is_readable(path) else None  # fmt: skip
        if done is not None and done.returncode == 0:
            return path
    pytest.skip("there is no Python here that another user may run")


def _is_readable(path: str) -> bool:
    return all(each.stat().st_mode & 0o005 == 0o005 for each in (Path(path), *Path(path).parents))


AS_NOBODY = """
import forerun, json, os, sys
from forerun.runner import mount
result = forerun.run(
    "import os\\nopen('/working/made', 'w').close()\\n"
    "[os.geteuid(), os.getpid(), open('/proc/self/uid_map').read().split()]",
    mount=("/working", sys.argv[1]), protects_store=True, timeout=60,
)
print(json.dumps([result.status, result.error, mount.bubblewrap(), result.value and result.value.data]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a program setuid, and become another user")
@pytest.mark.parametrize("is_setuid", [True, False], ids=["setuid", "by a user namespace"])
def test_who_is_not_root_has_the_mount(is_setuid: bool, through: str) -> None:
    python = system_python()
    if not all(map(_is_readable, [str(SRC), *SITE_PACKAGES])):
        pytest.skip("what forerun is made of lies where another user may not read it")
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        for name in ("bin", "home", "mounted"):
            (folder / name).mkdir()
        shutil.copy(os.path.realpath(through), folder / "bin" / "bwrap")
        (folder / "bin" / "bwrap").chmod(0o4755 if is_setuid else 0o755)
        for name in ("home", "mounted"):
            os.chown(folder / name, NOBODY, NOBODY)
        done = subprocess.run(
            [python, "-c", AS_NOBODY, str(folder / "mounted")],
            user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", capture_output=True, text=True, check=False,
            env={"PATH": f"{folder}/bin:{os.defpath}", "HOME": str(folder / "home"), "FORERUN_NO_NAMESPACES": "own",
                 "PYTHONPATH": os.pathsep.join([str(SRC), *SITE_PACKAGES]), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert done.stderr == ""
        status, error, program, value = json.loads(done.stdout)
        if not program:
            pytest.skip("bubblewrap cannot make namespaces for who is not root here")
        assert (status, error) == ("success", "")
        # A setuid one sets up in a second process, so that the script is the third.
        assert value[:2] == [NOBODY, 3 if is_setuid else 2]
        # A setuid one needs no user namespace, and the other one made one.
        assert (value[2][2] == "4294967295") is is_setuid
        assert (folder / "mounted" / "made").exists()
    finally:
        shutil.rmtree(folder)
