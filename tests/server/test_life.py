"""How a server ends, and what it leaves behind: nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def _left_behind(cache: Path, server: Any) -> list[str]:
    runs = (cache / "1" / "runs").glob(f"{server.process.pid}-*")
    return sorted(each.name for each in runs)


def _busy(start: Callable[..., Any], folder: Path, sleeper: Any, wait: Callable[..., None]) -> Any:
    server = start("--path", str(folder))
    server.initialize()
    server.call("run_python_code", python_code=sleeper.code)
    wait(sleeper.is_started, "program started")
    return server


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGTERM, 143, id="terminated"),
        pytest.param(signal.SIGHUP, 129, id="hung up"),
        pytest.param(signal.SIGINT, 130, id="interrupted"),
    ],
)
def test_signal_ends_the_run_and_the_server(
    number: signal.Signals,
    code: int,
    start: Callable[..., Any],
    folder: Path,
    sleeper: Any,
    wait: Callable[..., None],
    cache: Path,
) -> None:
    server = _busy(start, folder, sleeper, wait)
    server.process.send_signal(number)
    assert server.process.wait(120) == code
    assert sleeper.is_gone()
    assert _left_behind(cache, server) == []


def test_end_of_stdin_ends_the_run_and_the_server(
    start: Callable[..., Any], folder: Path, sleeper: Any, wait: Callable[..., None], cache: Path
) -> None:
    server = _busy(start, folder, sleeper, wait)
    _, errors = server.process.communicate(timeout=120)
    assert (server.process.returncode, errors) == (0, b"")
    assert sleeper.is_gone()
    assert _left_behind(cache, server) == []


def test_killed_server_takes_its_runs_along(
    start: Callable[..., Any], folder: Path, sleeper: Any, wait: Callable[..., None]
) -> None:
    server = _busy(start, folder, sleeper, wait)
    server.process.kill()
    wait(sleeper.is_gone, "programs gone")


def test_what_a_killed_server_left_is_cleaned_up_by_the_next_run(
    start: Callable[..., Any], cache: Path, wait: Callable[..., None]
) -> None:
    killed = start()
    killed.initialize()
    assert len(_left_behind(cache, killed)) == 1
    killed.process.kill()
    killed.process.wait()
    server = start()
    server.initialize()
    server.call("run_python_code", python_code="1")
    assert server.answer()["result"]["structuredContent"]["status"] == "success"
    assert _left_behind(cache, killed) == []


def test_idle_server_ends_with_stdin(start: Callable[..., Any], cache: Path) -> None:
    server = start()
    server.initialize()
    folders = _left_behind(cache, server)
    assert len(folders) == 1
    assert "workspace" in folders[0]
    out, errors = server.process.communicate(timeout=120)
    assert (server.process.returncode, out, errors) == (0, b"", b"")
    assert _left_behind(cache, server) == []


def test_temporary_folder_is_named_in_the_answer_and_lives_between_calls(start: Callable[..., Any]) -> None:
    server = start()
    server.initialize()
    server.call("run_python_code", python_code="open('kept', 'w').write('x')")
    facts = server.answer()["result"]["structuredContent"]
    assert facts["notes"] == ["/working is a temporary folder, deleted when this server ends"]
    server.call("run_python_code", python_code="import os; os.listdir('/working')")
    facts = server.answer()["result"]["structuredContent"]
    assert (facts["return_value"], facts["notes"]) == (["kept"], [])


LOUD = """\
import os, sys
class Loud:
    def find_spec(self, name, *rest):
        if name == "mcp.server":
            print("printed")
            os.write(1, b"written")
sys.meta_path.insert(0, Loud())
"""


def test_stdout_carries_the_protocol_only(start: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(LOUD)
    server = start("--path", str(folder), "--verbose", PYTHONPATH=str(hooks))
    server.initialize()
    server.call("run_python_code", python_code="import os; os.system('echo loud')")
    assert server.answer()["result"]["structuredContent"]["output"] == "loud\n"
    out, errors = server.process.communicate(timeout=120)
    assert out == b""
    assert b"printed" in errors
    assert b"written" in errors


def test_lines_that_are_no_messages_do_not_end_the_server(start: Callable[..., Any], folder: Path) -> None:
    server = start("--path", str(folder))
    server.initialize()
    deep = "[" * 5000 + "]" * 5000
    for line in ("nonsense", '{"jsonrpc": "2.0", "id": 90, "method": "\\ud800"}', deep, "[]"):
        server.send_line(line)
    server.send("ping")
    while (answer := server.answer()).get("id") != 2:
        assert "error" in answer
    assert answer["result"] == {}


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        pytest.param(["--mount", "working"], 2, "must be absolute", id="relative mount"),
        pytest.param(["--mount", "/usr/x"], 2, "system folder", id="system folder"),
        pytest.param(["--path", "/no/such/folder"], 2, "is not a folder", id="no folder"),
        pytest.param(["--timeout", "0"], 2, "must be a number of seconds above 0", id="no time"),
        pytest.param(["--timeout", "nan"], 2, "must be a number of seconds above 0", id="not a number"),
        pytest.param(["--trust", "blind"], 2, "invalid choice", id="unknown trust"),
        pytest.param(["--deps", "a,--b"], 2, "is not a requirement", id="no requirement"),
        pytest.param(["--nonsense"], 2, "unrecognized", id="unknown flag"),
    ],
)
def test_bad_flags_are_refused_before_serving(
    flags: list[str], code: int, said: str, outer: dict[str, str], forerun_command: list[str]
) -> None:
    command = [*forerun_command, "stdio", *flags]
    ended = subprocess.run(command, env=outer, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    assert (ended.returncode, ended.stdout) == (code, b"")
    assert said in ended.stderr.decode()
    assert b"Traceback" not in ended.stderr


def test_unusable_cache_is_one_sentence(outer: dict[str, str], forerun_command: list[str], tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    command = [*forerun_command, "stdio"]
    outer = {**outer, "FORERUN_CACHE_DIR": str(taken)}
    ended = subprocess.run(command, env=outer, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    assert ended.returncode == 3
    assert len(ended.stderr.splitlines()) == 1
