"""What only Windows has: job objects, locks of files that stand for folders, launchers, junctions, drives.

Skipped elsewhere. They have passed with CPython for Windows and uv for Windows under Wine 8, which keeps no limits of
job objects and makes no junctions; on Windows itself nobody has run them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import forerun
from forerun.runner.deletion import delete
from forerun.runner.locking import claim, is_used, lock, take_away, use
from forerun.runner.process import Cancellation
from forerun.runner.unlinked import FileRefused, entries_below, open_below

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="it is about Windows")

MOUNTED = "import os\nopen('/working/new.txt', 'w').write('text')\nsorted(os.listdir('/working'))"
DAEMON = """\
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(1000)"],
                         stdout=subprocess.PIPE)
int(child.stdout.readline())
"""


def is_alive(process: int) -> bool:
    listed = subprocess.run(["tasklist", "/FI", f"PID eq {process}"], capture_output=True, text=True, check=False)
    return str(process) in listed.stdout.split()


def test_streams_come_in_their_order_and_the_value_with_them(cache_dir: Path) -> None:
    code = "import sys\nfor n in range(3):\n    print(n)\n    print(-n, file=sys.stderr)\n{'a': [1, 2]}"
    result = forerun.run(code)
    assert (result.status, result.output) == ("success", "0\n0\n1\n-1\n2\n-2\n")
    assert result.value.data == {"a": [1, 2]}  # type: ignore[union-attr]


def test_a_failing_script_is_a_result(cache_dir: Path) -> None:
    result = forerun.run("def f():\n    1/0\nf()")
    assert (result.status, result.exit_code) == ("run-error", 1)
    assert result.error.startswith('Traceback (most recent call last):\n  File "main.py", line 3, in <module>\n')
    assert forerun.run("import sys; sys.exit(3)").exit_code == 3


def test_standard_input_and_variables_reach_it(cache_dir: Path) -> None:
    assert forerun.run("input() + suffix", stdin="hello\n", variables={"suffix": "!"}).value.data == "hello!"  # type: ignore[union-attr]


def test_a_timeout_ends_it(cache_dir: Path) -> None:
    result = forerun.run("import time\nprint('began', flush=True)\ntime.sleep(1000)", timeout=2)
    assert (result.status, result.output) == ("timeout", "began\n")


def test_cancelling_ends_it(cache_dir: Path) -> None:
    cancellation = Cancellation()
    threading.Timer(2, cancellation.cancel).start()
    assert forerun.run("import time\ntime.sleep(1000)", cancellation=cancellation).status == "cancelled"


def test_what_it_started_ends_with_it(cache_dir: Path) -> None:
    result = forerun.run(DAEMON)
    assert result.status == "success"
    assert not is_alive(int(result.value.data))  # type: ignore[union-attr]


def test_long_output_keeps_head_and_tail(cache_dir: Path) -> None:
    result = forerun.run("import os\nfor _ in range(20):\n    os.write(1, b'x' * 999_999 + b'\\n')")
    assert result.status == "success"
    assert result.cut == 20_000_000 - 6_000_000


def test_paths_under_the_mount_are_translated(cache_dir: Path, tmp_path: Path) -> None:
    result = forerun.run(MOUNTED, mount=("/working", tmp_path))
    assert (result.status, result.value.data) == ("success", ["new.txt"])  # type: ignore[union-attr]
    assert [each.path for each in result.files] == ["/working/new.txt"]


@pytest.mark.parametrize("option", ["sandbox", "no_network"])
def test_what_needs_linux_is_refused(option: str, cache_dir: Path) -> None:
    with pytest.raises(forerun.RunnerError, match="so nothing was run"):
        forerun.run("print('ran')", sandbox=option == "sandbox", no_network=option == "no_network")


@pytest.mark.network
def test_distributions_are_installed_and_copied(cache_dir: Path) -> None:
    code = "import importlib\nmodule = importlib.import_module(''.join(['hum', 'anize']))\nmodule.intcomma(12345)"
    assert forerun.run(code).value.data == "12,345"  # type: ignore[union-attr]
    copied = forerun.run("import humanize\nhumanize.__file__", isolation="copy")
    assert os.path.join("env", "Lib", "site-packages", "humanize") in copied.value.data  # type: ignore[union-attr]


@pytest.mark.network
def test_changes_to_installed_files_are_noticed(cache_dir: Path) -> None:
    changing = "import humanize\nopen(humanize.__file__, 'a').write('# changed')"
    assert "changed the files" in forerun.run(changing, protects_store=True).notes[0]
    unchanged = forerun.run("import humanize\nopen(humanize.__file__).read()[-9:]", protects_store=True)
    assert unchanged.notes == ()
    assert unchanged.value.data != "# changed"  # type: ignore[union-attr]


def test_the_command_passes_the_exit_code_on(cache_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import sys\nprint(sys.argv[1:], sys.stdin.read())\nsys.exit(7)\n")
    done = subprocess.run(
        [sys.executable, "-m", "forerun", "script.py", "a", "b"], input="x", capture_output=True, text=True,
        cwd=tmp_path, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("['a', 'b'] x\n", "", 7)


def test_a_run_leaves_nothing_in_the_store(cache_dir: Path) -> None:
    forerun.run("import os\nos.chmod(os.environ['VIRTUAL_ENV'] + '/pyvenv.cfg', 0o400)")
    assert list((cache_dir / "1" / "runs").iterdir()) == []
    assert [each.name for each in (cache_dir / "1" / "locks").glob("runs-*")] == []


def test_locks_exclude_each_other(tmp_path: Path) -> None:
    for kind in ("layers", "locks", "trash"):
        (tmp_path / kind).mkdir()
    held = lock(str(tmp_path / "locks" / "name"))
    assert held is not None
    assert lock(str(tmp_path / "locks" / "name")) is None
    layer = tmp_path / "layers" / "one"
    ours = claim(str(layer))
    assert is_used(str(layer))
    ours.release()
    first, second = use(str(layer)), use(str(layer))
    assert first is not None
    assert second is not None
    assert not take_away(str(layer), str(tmp_path / "trash" / "one"))
    first.release()
    second.release()
    assert take_away(str(layer), str(tmp_path / "trash" / "one"))
    assert use(str(layer)) is None


@pytest.mark.parametrize("name", ["..\\x", "C:", "a:stream", "NUL", "con.txt", "trailing.", "a?"])
def test_names_with_another_meaning_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        open_below(str(tmp_path), [name])


def test_junctions_are_neither_followed_nor_emptied(tmp_path: Path) -> None:
    for name in ("precious", "mounted"):
        (tmp_path / name).mkdir()
    (tmp_path / "precious" / "file").write_text("text")
    made = subprocess.run(
        ["cmd", "/c", "mklink", "/J", tmp_path / "mounted" / "link", tmp_path / "precious"],
        capture_output=True,
        check=False,
    )
    if made.returncode or not (tmp_path / "mounted" / "link").exists():
        pytest.skip("no junction can be made here")
    with pytest.raises(FileRefused):
        open_below(str(tmp_path / "mounted"), ["link", "file"])
    assert [each.name for each in entries_below(str(tmp_path / "mounted"), [])] == ["link"]
    delete(str(tmp_path / "mounted"))
    assert (tmp_path / "precious" / "file").read_text() == "text"


def test_the_server_answers(cache_dir: Path, tmp_path: Path) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    call = {"name": "run_python_code", "arguments": {"python_code": "x=4; print(f'{x=}'); x"}}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call},
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "forerun", "stdio", "--path", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write("".join(json.dumps(each) + "\n" for each in messages).encode())
    server.stdin.flush()
    answer: dict = {}  # type: ignore[type-arg]
    while answer.get("id") != 2:
        answer = json.loads(server.stdout.readline())
    facts = answer["result"]["structuredContent"]
    assert (facts["status"], facts["output"], facts["return_value"]) == ("success", "x=4\n", 4)
    server.communicate()
    assert server.returncode == 0


def test_a_killed_server_takes_its_runs_along(cache_dir: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    code = f"import os, time\nopen({str(started)!r}, 'w').write(str(os.getpid()))\ntime.sleep(1000)"
    runner = subprocess.Popen([sys.executable, "-c", f"import forerun; forerun.run({code!r})"])
    while not (started.exists() and started.read_text()):
        time.sleep(0.05)
        assert runner.poll() is None
    runner.kill()
    runner.wait()
    # What it left in the store goes with the next run.
    forerun.run("1")
    while is_alive(int(started.read_text())):
        time.sleep(0.05)
