"""A script's interpreter starts before it is known what the script needs, and begins once that is in place."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forerun.commands.run import NO_SCRIPTS
from forerun.resolver.source import ARCHIVES
from forerun.runner.ahead import Waiting, start_ahead
from forerun.runner.environment import WAITS, Environment
from forerun.runner.recovery import recover
from forerun.runner.store import open_store
from forerun.runner.supervisor import Job

from .test_nothing_left import is_alive, wait_until

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]

SCRIPT = """
import json, os, subprocess, sys
inner = [sys.executable, "-c", "import added; print(added.__file__)"]
try:
    import added
    found = [added.__file__, subprocess.run(inner, capture_output=True, text=True).stdout.strip()]
except ImportError:
    found = []
told = {"process": os.getpid(), "path": os.environ["PATH"], "arguments": sys.argv[1:], "found": found}
told["ours"] = [name for name in os.environ if name.startswith("FORERUN_W")]
json.dump(told, open(sys.argv[1], "w"))
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


@pytest.fixture
def environment(cache_dir: Path, script: Path, tmp_path: Path) -> Iterator[Environment]:
    made = start_ahead(str(script), [str(tmp_path / "told"), "an argument"])
    assert made is not None
    yield made
    made.__exit__()


def waiting_in(environment: Environment) -> Waiting:
    assert environment.waiting is not None
    return environment.waiting


def job_in(environment: Environment, *arguments: str, layer: str = "", **variables: str) -> Job:
    outer = {**os.environ, **variables}
    inner = environment.variables(outer, layer, may_retry=True)
    return Job([environment.python, *arguments], inner)


def ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_it_waits_and_then_is_the_script(environment: Environment, script: Path, tmp_path: Path) -> None:
    waiting, told = waiting_in(environment), tmp_path / "told"
    process = waiting._process
    wait_until(lambda: is_asleep(process))
    assert not told.exists()
    environment.populate("")
    assert environment.begin(job_in(environment, str(script), str(told), "an argument")) == process
    assert ended(process) == 0
    seen = json.loads(told.read_text())
    assert (seen["process"], seen["arguments"], seen["ours"]) == (process, [str(told), "an argument"], [])
    # Once only: what comes next is started as ever.
    assert environment.begin(job_in(environment, str(script))) == 0


def is_asleep(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_it_learns_of_a_layer_and_so_do_those_that_it_starts(
    environment: Environment, script: Path, tmp_path: Path
) -> None:
    layer, told = tmp_path / "layer", tmp_path / "told"
    added = layer / environment.interpreter.site_packages / "added.py"
    added.parent.mkdir(parents=True)
    added.write_text("")
    environment.populate(str(layer))
    odd = os.fsdecode(b"/a\xff=b\nc")
    job = job_in(environment, str(script), str(told), "an argument", layer=str(layer), PATH=odd)
    assert ended(environment.begin(job)) == 0
    seen = json.loads(told.read_text())
    assert seen["found"] == [str(added)] * 2
    assert seen["path"] == job.environment["PATH"]
    assert seen["path"].split(os.pathsep)[1:] == [str(layer / "bin"), odd]


UNLIKE: dict[str, Callable[[Job], None]] = {
    "other arguments": lambda job: job.arguments.append("more"),
    "confined": lambda job: job.limits.update(files=10),
    "another folder": lambda job: setattr(job, "folder", "/"),
    "a variable less": lambda job: job.environment.clear(),
}


@pytest.mark.parametrize("change", UNLIKE.values(), ids=UNLIKE.keys())
def test_what_is_unlike_it_is_not_begun(
    change: Callable[[Job], None], environment: Environment, script: Path, tmp_path: Path
) -> None:
    process = waiting_in(environment)._process
    job = job_in(environment, str(script), str(tmp_path / "told"), "an argument")
    change(job)
    assert environment.begin(job) == 0
    assert not is_alive(process)
    assert not (tmp_path / "told").exists()


def test_one_that_has_ended_is_not_begun(environment: Environment, script: Path, tmp_path: Path) -> None:
    process = waiting_in(environment)._process
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: not is_alive(process))
    assert environment.begin(job_in(environment, str(script), str(tmp_path / "told"), "an argument")) == 0


@pytest.mark.parametrize("told", [b"", b"\0PATH=/", b"\0\0", b"\0PATH=/\0en"])
def test_half_a_message_begins_nothing(told: bytes, environment: Environment, tmp_path: Path) -> None:
    waiting = waiting_in(environment)
    with waiting._told:
        waiting._told.write(told)
    code = ended(waiting._process)
    waiting._process = 0
    assert code == 0
    assert not (tmp_path / "told").exists()


@pytest.mark.parametrize("value", ["", "x", "99999 0 {parent}", "0 0 1", "0 0 {parent}"])
def test_what_cannot_wait_does_not_run(value: str, environment: Environment, script: Path, tmp_path: Path) -> None:
    """The hook that fails is no reason to begin: `site` would go on after it."""
    told = value.format(parent=os.getpid())
    variables = {**environment.variables(os.environ, "", may_retry=True), WAITS: told}
    done = subprocess.run(
        [environment.python, str(script), str(tmp_path / "told")],
        env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    if value.startswith("0"):
        # Nobody tells it anything, or it has another parent.
        assert (done.returncode, done.stderr) == (0, "")
    else:
        assert done.returncode == 1
        assert re.fullmatch(
            r"forerun: an interpreter failed before it got to the script: \w+Error\(.*\)\n", done.stderr
        )
    assert not (tmp_path / "told").exists()


def test_what_is_no_plain_script_is_known_without_the_resolver() -> None:
    assert set(NO_SCRIPTS) == {".ipynb", *ARCHIVES}


def test_a_variable_of_ours_from_outside_means_nothing(run_forerun: Forerun, script: Path, tmp_path: Path) -> None:
    done = run_forerun(script, "told", env={**os.environ, WAITS: "7 7"})
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "told").read_text())["ours"] == []


STARTER = """
import os, signal, sys, time
sys.path.insert(0, {source!r})
from forerun.commands.run import NO_SCRIPTS
from forerun.resolver.source import ARCHIVES
from forerun.runner.ahead import start_ahead
environment = start_ahead({script!r}, [{told!r}])
# Not before: who ignores a signal has what it starts ignore it.
signal.signal(signal.SIGINT, signal.SIG_IGN)
print(environment.waiting._process, environment.folder, flush=True)
time.sleep(600)
"""


@pytest.fixture
def starter(cache_dir: Path, script: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process group in which somebody has started an interpreter ahead, and is busy with something else."""
    source = str(Path(__file__).parents[2] / "src")
    code = STARTER.format(source=source, script=str(script), told=str(tmp_path / "told"))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        yield process
        process.kill()
        process.wait()
    wait_until(is_recovered)


def is_recovered() -> bool:
    store = open_store()
    recover(store)
    return not os.listdir(store.path("runs"))


def read_line(process: subprocess.Popen[str]) -> tuple[int, Path]:
    assert process.stdout is not None
    number, folder = process.stdout.readline().split()
    return int(number), Path(folder)


@pytest.mark.parametrize("is_early", [True, False])
def test_it_ends_with_us(is_early: bool, starter: subprocess.Popen[str], tmp_path: Path) -> None:
    process, folder = read_line(starter)
    if not is_early:
        wait_until(lambda: is_asleep(process))
    starter.kill()
    wait_until(lambda: not is_alive(process))
    assert not (tmp_path / "told").exists()
    # As any run of a killed process: the next one recovers it.
    assert folder.exists()


def test_signals_for_all_of_us_do_not_end_it(starter: subprocess.Popen[str]) -> None:
    process, _ = read_line(starter)
    os.killpg(starter.pid, signal.SIGINT)
    time.sleep(0.1)
    assert starter.poll() is None
    assert is_alive(process)


def test_nobody_takes_its_folder_for_abandoned_while_it_starts(starter: subprocess.Popen[str], tmp_path: Path) -> None:
    """Without its path file it would know nothing of us, and begin."""
    process, folder = read_line(starter)
    os.kill(process, signal.SIGSTOP)
    starter.kill()
    starter.wait()
    recover(open_store())
    assert folder.exists()
    os.kill(process, signal.SIGCONT)
    wait_until(lambda: not is_alive(process))
    recover(open_store())
    assert not folder.exists()
    assert not (tmp_path / "told").exists()


IGNORES_CHILDREN = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
REFUSED = "# /// script\n# dependencies = ['https://nowhere.invalid/x']\n# ///\nopen('began', 'w')\n"


@pytest.mark.parametrize("code", ["", IGNORES_CHILDREN], ids=["", "SIGCHLD"])
def test_a_script_that_is_refused_has_not_begun(
    code: str, forerun_command: list[str], cache_dir: Path, tmp_path: Path
) -> None:
    """Though whoever started us does not want to know how children end."""
    (tmp_path / "a.py").write_text(REFUSED)
    done = begun_by(code, forerun_command, "a.py", folder=tmp_path)
    assert (done.stdout, done.returncode) == ("", 3)
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "began").exists()
    assert not list((cache_dir / "1" / "runs").iterdir())


def begun_by(code: str, command: list[str], *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command from an interpreter that has done something before."""
    starter = f"{code}\nimport os, sys\nos.execv(sys.argv[1], sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", starter, *command, *arguments],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [["a.py"], ["run", "--timeout", "100", "a.py"]], ids=["ahead", "not ahead"])
def test_a_script_finds_sigchld_as_it_was(arguments: list[str], forerun_command: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import signal\nprint(signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN)\n")
    for way, expected in (("SIG_IGN", "True\n"), ("SIG_DFL", "False\n")):
        code = f"import signal; signal.signal(signal.SIGCHLD, signal.{way})"
        done = begun_by(code, forerun_command, *arguments, folder=tmp_path)
        assert (done.stdout, done.stderr, done.returncode) == (expected, "", 0)


SHOWS_SIGNALS = "import os, signal; open({seen!r}, 'a').write(repr({value}) + chr(10))"


def test_a_path_file_of_the_layer_is_obeyed_as_by_the_script(
    environment: Environment, script: Path, tmp_path: Path
) -> None:
    """Not before it has begun, not twice, and one that cannot be read leaves no signals blocked."""
    layer, seen = tmp_path / "layer", tmp_path / "seen"
    folder = layer / environment.interpreter.site_packages
    folder.mkdir(parents=True)
    blocked = "sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    shown = SHOWS_SIGNALS.format(seen=str(seen), value=f"({WAITS!r} in os.environ, {blocked})")
    (folder / "a.pth").write_text(shown)
    (folder / "b.pth").write_bytes(b"\xff\n")
    script.write_text(f"{SCRIPT}\n{SHOWS_SIGNALS.format(seen=str(seen), value=blocked)}\n")
    os.kill(waiting_in(environment)._process, signal.SIGSTOP)
    environment.populate(str(layer))
    os.kill(waiting_in(environment)._process, signal.SIGCONT)
    job = job_in(environment, str(script), str(tmp_path / "told"), "an argument", layer=str(layer))
    assert ended(environment.begin(job)) == 0
    assert seen.read_text() == "(False, [])\n[]\n"


def test_a_variable_without_a_name_is_told_in_a_sentence(forerun_command: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print('ran')\n")
    odd = "env = [b'=x=y', *(f'{name}={value}'.encode() for name, value in os.environ.items())]"
    code = (
        f"import ctypes, os, sys\n{odd}\ngiven = [each.encode() for each in sys.argv[1:]]\n"
        "array = lambda texts: (ctypes.c_char_p * (len(texts) + 1))(*texts, None)\n"
        "ctypes.CDLL(None).execve(given[0], array(given), array(env))\n"
    )
    done = begun_by(code, forerun_command, "a.py", folder=tmp_path)
    assert (done.stdout, done.returncode) == ("", 3)
    assert done.stderr.startswith("forerun: the script cannot be started: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_command_uses_it(run_forerun: Forerun, tmp_path: Path) -> None:
    """The interpreter is older than what looks at the script."""
    (tmp_path / "a.py").write_text("import os\nprint(os.getpid())\n")
    trace = tmp_path / "trace.py"
    source = str(Path(__file__).parents[2] / "src")
    trace.write_text(
        f"import os, sys\nsys.path.insert(0, {source!r})\nspawn = os.posix_spawn\n"
        "def traced(*arguments, **options):\n"
        "    number = spawn(*arguments, **options)\n"
        "    print(number, 'forerun.resolver.source' in sys.modules, file=sys.stderr)\n"
        "    return number\n"
        "os.posix_spawn = traced\n"
        "from forerun.commands.main import forerun\nsys.exit(forerun(['a.py']))\n"
    )
    done = subprocess.run(
        [sys.executable, str(trace)], cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, timeout=300
    )
    number, is_loaded = done.stderr.split()
    assert (done.stdout.strip(), is_loaded) == (number, "False")
