"""`forerun config`: snippets that start a server as they are, and settings with their sources."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from forerun.commands.host_snippets import HOSTS
from forerun.commands.stray_variables import stray_variables

if TYPE_CHECKING:
    from collections.abc import Callable

    Forerun = Callable[..., "subprocess.CompletedProcess[str]"]

INITIALIZE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}  # fmt: skip


def entry_of(host: str, snippet: str) -> dict[str, Any]:
    if host == "codex":
        found: dict[str, Any] = tomllib.loads(snippet)["mcp_servers"]["forerun"]
    elif host == "goose":
        lines = dict(line.strip().split(": ", 1) for line in snippet.splitlines()[2:])
        found = {"command": json.loads(lines["cmd"]), "args": json.loads(lines["args"]), "type": lines["type"]}
    else:
        key = {"vscode": "servers", "zed": "context_servers"}.get(host, "mcpServers")
        found = json.loads(snippet)[key]["forerun"]
    return found


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder, with another in it, for the snippets of all hosts, so that they start the same server."""
    folder = tmp_path_factory.mktemp("working")
    (folder / "a folder").mkdir()
    return folder


@cache
def name_of_server(*command: str) -> str:
    """Start a command, once for all hosts that have the same, and return what the server calls itself."""
    source = Path(__file__).parent.parent.parent / "src"
    started = subprocess.run(
        command,
        input=json.dumps(INITIALIZE) + "\n",
        capture_output=True, text=True, cwd="/", timeout=120,
        env={**os.environ, "PYTHONPATH": str(source)},
    )  # fmt: skip
    assert started.stdout, started.stderr
    name: str = json.loads(started.stdout.splitlines()[0])["result"]["serverInfo"]["name"]
    return name


@pytest.mark.parametrize("host", HOSTS)
def test_a_snippet_starts_a_server_as_it_is(host: str, run_forerun: Forerun, working: Path) -> None:
    printed = run_forerun("config", host, "--mount", "/data", "--path", "a folder", cwd=working)
    assert (printed.returncode, printed.stderr) == (0, "")
    entry = entry_of(host, printed.stdout)
    assert os.path.isabs(entry["command"])
    assert entry["args"][-5:] == ["stdio", "--mount", "/data", "--path", str(working / "a folder")]
    assert name_of_server(entry["command"], *entry["args"]) == "forerun"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["netscape"], "there is no host 'netscape'", id="unknown host"),
        pytest.param([], "usage: forerun config", id="no host"),
        pytest.param(["zed", "--nonsense"], "unrecognized arguments", id="unknown option"),
        pytest.param(["zed", "--path", "/no/such/folder"], "is not a folder", id="no folder"),
    ],
)
def test_bad_use_is_one_sentence(arguments: list[str], said: str, run_forerun: Forerun) -> None:
    ended = run_forerun("config", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def shown(run_forerun: Forerun, *flags: str, **environment: str) -> dict[str, str]:
    ended = run_forerun("config", "show", *flags, env={**os.environ, **environment})
    assert ended.returncode == 0, ended.stderr
    return dict(line.split(" = ", 1) for line in ended.stdout.splitlines())


def test_settings_come_from_flags_then_the_environment_then_the_project(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.forerun]\ntrust = "curated"\nallow = ["a"]\n')
    assert shown(run_forerun)["trust"] == f'"curated"  ({tmp_path / "pyproject.toml"})'
    assert shown(run_forerun, FORERUN_TRUST="registered")["trust"] == '"registered"  (environment)'
    told = shown(run_forerun, "--trust", "any", "--allow", "c", FORERUN_TRUST="registered", FORERUN_ALLOW="b,b2")
    assert told["trust"] == '"any"  (flag)'
    assert told["allow"].startswith('["c", "b", "b2", "a"]  (flag, environment, ')
    assert told["timeout"] == "300 seconds  (default)"


def test_a_project_file_that_programs_can_write_does_not_count(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.forerun]\ntrust = "any"\n')
    assert shown(run_forerun, "--path", ".")["trust"] == '"popular"  (default)'
    assert shown(run_forerun, FORERUN_PATH=str(tmp_path))["trust"] == '"popular"  (default)'
    assert shown(run_forerun, "--path", str(tmp_path.parent))["trust"] == '"popular"  (default)'
    (tmp_path / "mounted").mkdir()
    assert shown(run_forerun, "--path", "mounted")["trust"].startswith('"any"')


def test_a_project_has_options_of_a_server(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('a = "x"\nb = "mine"\n')
    (tmp_path / "pyproject.toml").write_text(
        '[tool.forerun]\nimport-map = { b = "theirs", c = "z" }\n[tool.forerun.server]\ntimeout = 7\nsandbox = true\n'
        'max-memory = "1GB"\nmax-retries = 3\nlog-format = "json"\n'
    )
    found = shown(run_forerun, "--max-retries", "1", "--map", "own.toml")
    project = f"  ({tmp_path / 'pyproject.toml'})"
    assert found["timeout"] == f"7 seconds{project}"
    assert found["sandbox"] == f"yes{project}"
    assert found["max-memory"] == f"1 GB{project}"
    assert found["log-format"] == f'"json"{project}'
    assert found["max-retries"] == "1  (flag)"
    value, _, source = found["map"].partition("  ")
    assert json.loads(value) == {"a": "x", "b": "mine", "c": "z"}
    assert source == f"(flag, {tmp_path / 'pyproject.toml'})"


def test_what_is_automatic_or_absent_is_said_in_words(run_forerun: Forerun, cache_dir: Path) -> None:
    found = {name: value.partition("  (")[0] for name, value in shown(run_forerun).items()}
    assert found["max-concurrency"] == f"automatic ({os.cpu_count()})"
    assert found["path"] == "a temporary folder, deleted at the end"
    assert found["token-file"] == f"automatic ({cache_dir / 'http-token'})"
    assert {found[name] for name in ("deps", "allow", "map", "exclude-newer", "allow-origin")} == {"none"}
    assert {found[name] for name in ("max-memory", "max-processes")} == {"no limit"}
    assert (found["sandbox"], found["max-retries"]) == ("no", "5")
    given = shown(run_forerun, "--max-concurrency", "3", "--port", "0", "--max-memory", "1536MB", "--max-retries", "0")
    assert given["max-concurrency"] == "3  (flag)"
    assert given["port"] == "any that is free  (flag)"
    assert given["max-memory"] == "1,536 MB  (flag)"
    assert given["max-retries"] == "0  (flag)"


def test_a_variable_that_nothing_reads_is_named_and_stops_nobody(run_forerun: Forerun) -> None:
    stray = {
        **os.environ,
        "FORERUN_TIMOUT": "secret",
        "FORERUN_ZZ\n": "1",
        "FORERUN_TIMEOUT": "5",
        "FORERUN_TOKEN": "x",
    }
    said = [
        "the environment variable FORERUN_TIMOUT is no setting; is FORERUN_TIMEOUT meant?",
        "the environment variable FORERUN_ZZ? is no setting",
    ]
    ended = run_forerun("config", "show", env=stray)
    assert (ended.returncode, ended.stderr) == (0, "".join(f"forerun: warning: {each}\n" for each in said))
    assert "timeout = 5 seconds  (environment)" in ended.stdout
    served = run_forerun("stdio", "--log-format", "json", env=stray, input=json.dumps(INITIALIZE) + "\n")
    assert json.loads(served.stdout.splitlines()[0])["result"]["serverInfo"]["name"] == "forerun"
    records = [json.loads(line) for line in served.stderr.splitlines()]
    assert [(each["level"], each["message"]) for each in records] == [("warning", each) for each in said]


def test_each_variable_that_is_read_is_known() -> None:
    inner = {"ANSWER", "CELLS", "FOLDER", "MAY_RETRY", "PATHS", "PROGRAM", "TELLS", "VARIABLES", "WAITS"}
    root = Path(__file__).parent.parent.parent
    sources = [each.read_text() for floor in ("runner", "server", "commands") for each in (root / floor).rglob("*.py")]
    named = {name for text in sources for name in re.findall(r"\bFORERUN_([A-Z_]+[A-Z])\b", text)} - {*inner, "NAME"}
    assert "CACHE_DIR" in named
    assert stray_variables(f"FORERUN_{each}" for each in named) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("timeout = 0", "timeout: must be a number of seconds above 0", id="no time"),
        pytest.param('timeout = "soon"', "timeout: must be a number of seconds", id="no number"),
        pytest.param("timeout = true", "timeout: must be a text or a number", id="no number but a truth"),
        pytest.param("sandbox = 1", "sandbox: must be true or false", id="no truth"),
        pytest.param("timeout = [1]", "timeout: must be a text or a number", id="a list"),
        pytest.param('deps = ["a"]', "no setting 'deps'", id="what it installs unasked"),
        pytest.param('allow-build = ["a"]', "no setting 'allow-build'", id="what it builds"),
        pytest.param('log-format = "xml"', "log-format: choose from text, json", id="no choice"),
        pytest.param("colour = 1", "no setting 'colour'", id="unknown"),
        pytest.param('host = "0.0.0.0"', "no setting 'host'", id="where it listens"),
        pytest.param("no-token = true", "no setting 'no-token'", id="for whom"),
        pytest.param('path = "/"', "no setting 'path'", id="what it mounts"),
    ],
)
def test_what_a_project_may_not_say_is_named(line: str, said: str, run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.forerun.server]\n{line}\n")
    ended = run_forerun("stdio")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"{tmp_path / 'pyproject.toml'}: [tool.forerun.server]" in ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        pytest.param("FORERUN_TIMEOUT", "0", "FORERUN_TIMEOUT: must be a number of seconds above 0", id="no time"),
        pytest.param("FORERUN_TRUST", "blind", "FORERUN_TRUST: choose from", id="unknown trust"),
        pytest.param("FORERUN_DEPS", "a,--b", "FORERUN_DEPS:", id="no requirement"),
        pytest.param("FORERUN_MAX_CONCURRENCY", "x", "FORERUN_MAX_CONCURRENCY:", id="no number"),
    ],
)
def test_a_bad_variable_is_named(variable: str, value: str, said: str, run_forerun: Forerun) -> None:
    ended = run_forerun("stdio", env={**os.environ, variable: value})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_python_that_runs_us_starts_the_server_where_no_program_lies_beside_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from forerun.commands.config import main

    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert main(["cursor"]) == 0
    assert json.loads(capsys.readouterr().out)["mcpServers"]["forerun"]["args"] == ["-m", "forerun", "stdio"]
