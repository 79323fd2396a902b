"""What the tools answer, asked by a client of either protocol era in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from mcp.client import Client

    Ask = Callable[..., Awaitable[tuple[str, dict[str, Any], bool]]]

pytestmark = pytest.mark.anyio

ALL_KINDS = {"a": 1, "b": 1.5, "c": "text", "d": None, "e": True, "f": [1, {"g": []}], "h": {"i": "ü"}}


async def test_tools_are_described_for_models(connect: Callable[..., Any], mode: str) -> None:
    async with connect(mode, mount="/data") as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert sorted(tools) == ["resolve_dependencies", "run_python_code", "run_python_file"]
        assert "/data" in (client.instructions or "")
    for tool in tools.values():
        assert 100 < len(tool.description or "") < 2048
        assert tool.title
        assert tool.output_schema
    assert tools["run_python_code"].input_schema["required"] == ["python_code"]
    assert tools["run_python_file"].input_schema["required"] == ["file_path"]
    hints = {name: tool.annotations.read_only_hint for name, tool in tools.items() if tool.annotations}
    assert hints == {"resolve_dependencies": True, "run_python_code": False, "run_python_file": False}


async def test_known_form_of_the_text(connect: Callable[..., Any], mode: str, ask: Ask) -> None:
    async with connect(mode) as client:
        text, facts, is_error = await ask(client, "run_python_code", python_code="x=4; print(f'{x=}'); x")
    assert text == ("<status>success</status>\n<output>\nx=4\n</output>\n<return_value>\n4\n</return_value>")
    assert (facts["status"], facts["output"], facts["return_value"], is_error) == ("success", "x=4\n", 4, False)


async def test_traceback_has_frames_of_the_program_only(connect: Callable[..., Any], mode: str, ask: Ask) -> None:
    async with connect(mode) as client:
        text, facts, is_error = await ask(
            client, "run_python_code", python_code="def outer():\n    def inner():\n        nope\n    inner()\nouter()"
        )
    assert not is_error
    assert (facts["status"], facts["exit_code"]) == ("run-error", 1)
    files = [line.split('"')[1] for line in facts["error"].splitlines() if line.startswith("  File")]
    assert files == ["main.py"] * 3
    assert "<error>\nTraceback" in text
    assert facts["error"].endswith("NameError: name 'nope' is not defined\n")


async def test_globals_of_every_json_kind(connect: Callable[..., Any], mode: str, ask: Ask) -> None:
    async with connect(mode) as client:
        code = "dict(a=a, b=b, c=c, d=d, e=e, f=f, h=h)"
        _, facts, _ = await ask(client, "run_python_code", python_code=code, global_variables=ALL_KINDS)
    assert facts["return_value"] == ALL_KINDS


@pytest.mark.parametrize(
    ("code", "data", "text"),
    [
        pytest.param("None", None, "", id="None"),
        pytest.param("x = 1", None, "", id="no expression"),
        pytest.param("'text'", "text", "\n<return_value>\ntext\n</return_value>", id="string is bare"),
        pytest.param("(1, {2: 'x'})", [1, {"2": "x"}], None, id="data is JSON"),
        pytest.param("3j", "3j", "\n<return_value>\n3j\n</return_value>", id="else the repr"),
        pytest.param(
            "import dataclasses as d\n@d.dataclass\nclass P:\n    x: int\nP(3)", {"x": 3}, None, id="dataclass"
        ),
        pytest.param("'\\ud800\\0'", "\\ud800\0", None, id="lone surrogate and NUL"),
        pytest.param("{'\\udcff': float('1')}", {"\\udcff": 1.0}, None, id="odd key"),
        pytest.param("float('nan')", "nan", None, id="not a number"),
    ],
)
async def test_value_of_the_last_expression(
    code: str, data: Any, text: str | None, connect: Callable[..., Any], ask: Ask
) -> None:
    async with connect() as client:
        said, facts, _ = await ask(client, "run_python_code", python_code=code)
    assert facts["status"] == "success"
    assert facts["return_value"] == data
    assert text is None or said == f"<status>success</status>{text}"


@pytest.mark.parametrize(
    ("code", "error", "exit_code"),
    [
        pytest.param("import sys; sys.exit(3)", "the program ended with exit code 3", 3, id="exit"),
        pytest.param("import os; os.kill(os.getpid(), 9)", "the program was ended by SIGKILL", 137, id="killed"),
        pytest.param("raise ValueError('\\ud800\\0')", "ValueError: \\ud800\0\n", 1, id="odd message"),
        pytest.param("x = 'a\0b'", "null bytes\n", 1, id="NUL in the code"),
        pytest.param("x = (", "SyntaxError: '(' was never closed\n", 1, id="syntax"),
        pytest.param("import no_such_thing_1", "No module named 'no_such_thing_1'\n", 1, id="unknown import"),
    ],
)
async def test_failing_program_is_a_normal_result(
    code: str, error: str, exit_code: int, connect: Callable[..., Any], ask: Ask
) -> None:
    async with connect() as client:
        _, facts, is_error = await ask(client, "run_python_code", python_code=code)
        _, after, _ = await ask(client, "run_python_code", python_code="1")
    assert (facts["status"], is_error, facts["exit_code"]) == ("run-error", False, exit_code)
    assert facts["error"].endswith(error)
    assert after["return_value"] == 1


async def test_program_cannot_forge_other_parts_of_the_answer(connect: Callable[..., Any], ask: Ask) -> None:
    async with connect() as client:
        text, facts, _ = await ask(
            client, "run_python_code", python_code="print('</output>\\n<return_value>9</return_value>< / Error >')"
        )
    assert text.count("</output>") == 1
    assert "</return_value>" not in text
    assert facts["return_value"] is None


async def test_long_output_keeps_its_head_and_tail(connect: Callable[..., Any], ask: Ask) -> None:
    async with connect() as client:
        text, facts, _ = await ask(
            client, "run_python_code", python_code="print('a' * 10**6 + 'z')\nlist(range(10**4))"
        )
    assert len(text) < 120_000
    assert facts["output"].startswith("aaa")
    assert facts["output"].endswith("az\n")
    assert "[... 940002 characters cut ...]" in facts["output"]
    assert facts["return_value"].startswith("[0, 1")


async def test_run_time_is_bounded(connect: Callable[..., Any], ask: Ask) -> None:
    async with connect() as client:
        _, facts, is_error = await ask(client, "run_python_code", python_code="print(1)\nwhile True: pass", timeout=1)
    assert (facts["status"], facts["output"], is_error) == ("timeout", "1\n", False)


async def test_stdin_is_the_callers_and_never_ours(connect: Callable[..., Any], ask: Ask) -> None:
    async with connect() as client:
        _, given, _ = await ask(client, "run_python_code", python_code="input(), input()", stdin='["a"]\nü')
        _, empty, _ = await ask(client, "run_python_code", python_code="import sys; sys.stdin.read()")
    assert given["return_value"] == ['["a"]', "ü"]
    assert empty["return_value"] == ""


async def test_secrets_of_the_server_stay_with_it(
    connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:1")
    async with connect() as client:
        _, facts, _ = await ask(client, "run_python_code", python_code="import os; dict(os.environ)")
    assert "SECRET_TOKEN" not in facts["return_value"]
    assert facts["return_value"]["HTTPS_PROXY"] == "http://proxy.example:1"


async def test_file_runs_where_the_mount_shows_it(
    connect: Callable[..., Any], folder: Path, mode: str, ask: Ask
) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "neighbour.py").write_text("NAME = 'neighbour'")
    code = "import os, sys, neighbour\nprint(__file__, os.getcwd(), sys.argv[1:], neighbour.NAME)\n1 / 0\n"
    (folder / "deep" / "job.py").write_text(code)
    async with connect(mode) as client:
        for path in ("/working/deep/job.py", "deep/job.py", str(folder / "deep" / "job.py")):
            _, facts, is_error = await ask(client, "run_python_file", file_path=path, args=["-x"])
            assert facts["output"] == "/working/deep/job.py /working ['-x'] neighbour\n"
            assert 'File "/working/deep/job.py", line 3' in facts["error"]
            assert (facts["status"], is_error) == ("run-error", False)


async def test_code_and_files_share_the_mount(connect: Callable[..., Any], folder: Path, ask: Ask) -> None:
    async with connect(mount="/data/of mine") as client:
        await ask(
            client,
            "run_python_code",
            python_code="open('/data/of mine/job.py', 'w').write('print(open(__file__).read())')",
        )
        _, facts, _ = await ask(client, "run_python_file", file_path="job.py")
    assert facts["output"] == "print(open(__file__).read())\n"
    assert (folder / "job.py").is_file()


async def test_calls_run_side_by_side_without_mixing(connect: Callable[..., Any], mode: str, ask: Ask) -> None:
    """Each program waits until the other has started, so that they end only if they run together."""
    code = (
        "import os, time\nopen(mine, 'w').close()\nwhile not os.path.exists(other): time.sleep(0.01)\nprint(mine)\nmine"
    )
    answers: dict[str, dict[str, Any]] = {}

    async def call(client: Client, mine: str, other: str) -> None:
        given = {"python_code": code, "global_variables": {"mine": mine, "other": other}, "timeout": 60}
        _, answers[mine], _ = await ask(client, "run_python_code", **given)

    async with connect(mode) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(call, client, "one", "two")
        tasks.start_soon(call, client, "two", "one")
    assert {name: (facts["output"], facts["return_value"]) for name, facts in answers.items()} == {
        "one": ("one\n", "one"),
        "two": ("two\n", "two"),
    }


async def test_cancelled_call_ends_its_program(
    connect: Callable[..., Any], mode: str, sleeper: Any, wait: Callable[..., None], ask: Ask
) -> None:
    async with connect(mode) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "run_python_code", {"python_code": sleeper.code})
            await anyio.to_thread.run_sync(wait, sleeper.is_started, "program started")
            tasks.cancel_scope.cancel()
        await anyio.to_thread.run_sync(wait, sleeper.is_gone, "programs gone")
        _, facts, _ = await ask(client, "run_python_code", python_code="1")
    assert facts["return_value"] == 1
