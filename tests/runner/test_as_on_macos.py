"""The runner without what macOS lacks: `sigtimedwait`, adopted orphans, namespaces, Landlock and /proc.

That is as near as one comes to macOS on Linux, where these tests run; nobody has run forerun there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import forerun
from forerun.runner.signal_queue import Caught

LIKE_MACOS = """\
import _signal, os, signal, sys
sys.platform = "darwin"
for module in (signal, _signal):
    for name in ("sigtimedwait", "sigwaitinfo"):
        if hasattr(module, name):
            delattr(module, name)
if hasattr(os, "O_PATH"):
    del os.O_PATH
sys.path.insert(0, ROOT)
""".replace("ROOT", repr(str(Path(forerun.__file__).parent.parent)))
COMMAND = "from forerun.commands.main import forerun\nsys.exit(forerun(sys.argv[1:]))"
LIBRARY = """\
import json
import forerun
result = forerun.run(sys.argv[1], **json.loads(sys.argv[2]))
print(json.dumps([result.status, result.output, result.error, getattr(getattr(result, "value", None), "data", None)]))
"""
READ = """\
def read(name):
    try:
        return open(f"/proc/{name}/cmdline", errors="replace").read()
    except OSError:  # It has ended meanwhile.
        return ""
"""
DAEMON = """\
import os, subprocess, sys
sleeper = [sys.executable, "-c", "import time; time.sleep(1000)", {mark!r}]
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sleeper[0], sleeper)
    os._exit(0)
os.wait()
subprocess.Popen(sleeper, start_new_session=True)
while len([name for name in os.listdir("/proc") if name.isdecimal() and {mark!r} in read(name)]) < 2: pass
"""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it takes away what Linux has")


def like_macos(code: str, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LIKE_MACOS + code, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd,
    )  # fmt: skip


def run(code: str, **options: object) -> list[object]:
    done = like_macos(LIBRARY, code, json.dumps(options))
    output, errors = done.communicate()
    assert errors == ""
    answer: list[object] = json.loads(output)
    return answer


def processes_with(mark: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def test_the_value_and_both_streams_come(cache_dir: Path) -> None:
    code = "import sys\nprint('one')\nprint('two', file=sys.stderr)\n{'a': [1, 2]}"
    assert run(code) == ["success", "one\ntwo\n", "", {"a": [1, 2]}]


def test_a_timeout_ends_it(cache_dir: Path) -> None:
    status, output, error, _ = run("import time\nprint('began', flush=True)\ntime.sleep(1000)", timeout=2)
    assert (status, output) == ("timeout", "began\n")
    assert error == "the script was ended after 2 seconds"


def test_paths_under_the_mount_are_translated(cache_dir: Path, tmp_path: Path) -> None:
    code = "open('/working/new.txt', 'w').write('text')\nimport os\nos.listdir('/working')"
    options = {"mount": ["/working", str(tmp_path)], "protects_store": True}
    assert run(code, **options) == ["success", "", "", ["new.txt"]]
    assert (tmp_path / "new.txt").read_text() == "text"


def test_daemons_end_with_the_run(cache_dir: Path) -> None:
    mark = f"daemon of {os.getpid()}"
    assert run(READ + DAEMON.format(mark=mark))[0] == "success"
    assert processes_with(mark) == []


def test_daemons_end_with_the_command(cache_dir: Path, tmp_path: Path) -> None:
    mark = f"daemon of the command of {os.getpid()}"
    (tmp_path / "script.py").write_text(READ + DAEMON.format(mark=mark))
    command = like_macos(COMMAND, "run", "script.py", cwd=tmp_path)
    assert command.communicate() == ("", "")
    assert command.returncode == 0
    assert processes_with(mark) == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGUSR1, 7)], ids=["ends it", "is the script's"]
)
def test_a_signal_reaches_the_script(number: signal.Signals, code: int, cache_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import signal, sys, time\nsignal.signal(signal.SIGUSR1, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\ntime.sleep(1000)\n"
    )
    command = like_macos(COMMAND, "run", "script.py", cwd=tmp_path)
    assert command.stdout is not None
    assert command.stdout.readline() == "ready\n"
    command.send_signal(number)
    command.communicate()
    assert command.returncode in (code, -number if code > 128 else code)


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """The signals that the handlers of before have seen; of these, SIGUSR2's raises an exception."""
    found: list[int] = []

    def note(number: int, _: object) -> None:
        found.append(number)
        if number == signal.SIGUSR2:
            raise InterruptedError

    previous = {number: signal.signal(number, note) for number in (signal.SIGUSR1, signal.SIGUSR2)}
    yield found
    for number, handler in previous.items():
        signal.signal(number, handler)


WATCHED = frozenset({signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD})


def test_a_signal_that_nobody_took_out_reaches_whom_it_would_have_reached(heard: list[int]) -> None:
    before = set(os.listdir("/proc/self/fd"))
    queue = Caught(WATCHED)
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGUSR1)
    assert queue.next(10) == (signal.SIGUSR1, False)
    assert heard == []
    queue.close()
    assert heard == [signal.SIGUSR1]
    assert set(os.listdir("/proc/self/fd")) == before
    assert signal.set_wakeup_fd(-1) == -1


def test_one_that_was_taken_out_comes_no_second_time(heard: list[int]) -> None:
    queue = Caught(WATCHED)
    os.kill(os.getpid(), signal.SIGUSR1)
    assert queue.next(10) == (signal.SIGUSR1, False)
    assert queue.next(0) is None
    queue.close()
    assert heard == []


def test_one_whose_handler_raises_takes_none_along(heard: list[int]) -> None:
    queue = Caught(WATCHED)
    for number in (signal.SIGUSR2, signal.SIGUSR1):
        os.kill(os.getpid(), number)
    with pytest.raises(InterruptedError):
        queue.close()
    assert sorted(heard) == [signal.SIGUSR1, signal.SIGUSR2]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()).isdisjoint(WATCHED)


@pytest.mark.parametrize("option", ["--sandbox", "--no-network"])
def test_what_needs_namespaces_is_refused(option: str, cache_dir: Path) -> None:
    command = like_macos(COMMAND, "run", option, "-c", "print('ran')")
    output, errors = command.communicate()
    assert (output, command.returncode) == ("", 3)
    assert errors == (
        f"forerun: {option} is not to be had on this machine (it needs namespaces, which are a part of Linux), "
        "so nothing was run\n"
    )


@pytest.mark.network
def test_what_it_needs_is_installed_and_mended(cache_dir: Path) -> None:
    code = "import importlib\nmodule = importlib.import_module(''.join(['hum', 'anize']))\nmodule.intcomma(12345)"
    status, _, error, value = run(code, protects_store=True)
    assert (status, error, value) == ("success", "", "12,345")
