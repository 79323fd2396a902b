"""What the operator sees: logs, spans, and no process that waits for nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mcp_types import TextResourceContents

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Connect

ROOT = Path(__file__).parent.parent.parent


def test_log_lines_are_json_where_asked_for(start: Callable[..., Any], folder: Path) -> None:
    server = start("--path", str(folder), "--verbose", "--log-format", "json")
    server.initialize()
    server.call("run_python_file", file_path="none.py")
    assert server.answer()["result"]["isError"]
    _, errors = server.process.communicate(timeout=120)
    lines = [json.loads(line) for line in errors.decode().splitlines()]
    assert any("none.py" in line["message"] and line["level"] == "info" for line in lines)
    assert all(line["time"] > 1.7e9 for line in lines)


@pytest.mark.network
@pytest.mark.anyio
async def test_the_operators_own_map_goes_before_the_tables(connect: Connect, ask: Callable[..., Any]) -> None:
    async with connect(import_map=(("yaml", "pyyaml==6.0.2"), ("yaml", "pyyaml==6.0.1"))) as client:
        _, predicted, _ = await ask(client, "resolve_dependencies", python_code="import yaml")
        _, facts, _ = await ask(client, "run_python_code", python_code="import yaml; yaml.__version__")
        (said,) = (await client.read_resource("forerun://distribution/yaml")).contents
    assert [each["requirement"] for each in predicted["requirements"]] == ["pyyaml==6.0.1"]
    assert (facts["status"], facts["return_value"]) == ("success", "6.0.1")
    assert isinstance(said, TextResourceContents)
    assert json.loads(said.text)["distributions"][0]["requirement"] == "pyyaml==6.0.1"


def test_a_quiet_server_says_nothing(start: Callable[..., Any], folder: Path) -> None:
    server = start("--path", str(folder))
    server.initialize()
    server.call("run_python_file", file_path="none.py")
    server.answer()
    server.call("run_python_code", python_code="1 / 0")
    server.answer()
    _, errors = server.process.communicate(timeout=120)
    assert errors == b""


@pytest.mark.network
def test_requirements_that_cannot_be_had_are_said_at_the_start(start: Callable[..., Any], folder: Path) -> None:
    server = start("--path", str(folder), "--deps", "no-such-thing-1-at-all", "--log-format", "json")
    server.initialize()
    line = json.loads(server.process.stderr.readline())
    assert line["level"] == "warning"
    assert "no-such-thing-1-at-all" in line["message"]


def _children(process: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == str(process) and fields[0] != "Z":
            found.append(int(entry.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None], ids=["killed", "terminated", "stdin closed"])
def test_what_waits_in_advance_ends_with_the_server(
    end: signal.Signals | None, start: Callable[..., Any], folder: Path, wait: Callable[..., None]
) -> None:
    server = start("--path", str(folder))
    server.initialize()
    server.call("run_python_code", python_code="1")
    server.answer()
    wait(lambda: len(_children(server.process.pid)) == 1, "a supervisor waits")
    (waiting,) = _children(server.process.pid)
    if end is None:
        server.process.stdin.close()
        server.process.stdin = None
    else:
        server.process.send_signal(end)
    server.process.wait(120)
    wait(lambda: not os.path.exists(f"/proc/{waiting}"), "it is gone")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_waiting_supervisor_that_was_killed_is_replaced(
    start: Callable[..., Any], folder: Path, wait: Callable[..., None]
) -> None:
    server = start("--path", str(folder))
    server.initialize()
    for _ in range(3):
        server.call("run_python_code", python_code="1 + 1")
        assert server.answer()["result"]["structuredContent"]["return_value"] == 2
        wait(lambda: len(_children(server.process.pid)) == 1, "a supervisor waits")
        os.kill(_children(server.process.pid)[0], signal.SIGKILL)


TRACED = """
import sys
import anyio
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, INVALID_SPAN_CONTEXT, Tracer, TracerProvider
from mcp.client import Client

class Spans(Tracer):
    def start_span(self, name, context=None, **_):
        print("+", name)
        class Span(NonRecordingSpan):
            def end(self, end_time=None):
                print("-", name)
        return Span(INVALID_SPAN_CONTEXT)
    def start_as_current_span(self, name, *_, **__):
        return trace.use_span(NonRecordingSpan(INVALID_SPAN_CONTEXT))

class Provider(TracerProvider):
    def get_tracer(self, *_, **__):
        return Spans()

trace.set_tracer_provider(Provider())
from forerun.server.app import build_server
from forerun.server.runs import Runs
from forerun.server.settings import Settings
from forerun.server.workspace import open_workspace

async def main():
    runs, settings = Runs(1), Settings(path=sys.argv[1])
    with open_workspace(settings) as workspace:
        async with Client(build_server(settings, workspace, runs)) as client:
            await client.call_tool("run_python_code", {"python_code": "1"})
            await client.call_tool("run_python_code", {"python_code": "1", "dependencies": ["x @ file:///etc"]})
    runs.close()

anyio.run(main)
"""


def test_stages_are_spans(outer: dict[str, str], folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRACED, str(folder)], capture_output=True, text=True, check=False,
        env={**outer, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    entered = [line for line in done.stdout.splitlines() if line.startswith("+")]
    assert entered == ["+ forerun.resolve", "+ forerun.run", "+ forerun.resolve"]
    assert sorted(done.stdout.replace("+", "-").splitlines()) == sorted(
        2 * [line.replace("+", "-") for line in entered]
    )
