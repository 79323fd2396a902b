"""What the operator forbids holds for programs that come through tool calls."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from forerun.commands.serve_options import parse
from forerun.runner import mount
from forerun.runner.limits import Limits

Ask = Callable[..., Awaitable[tuple[str, dict[str, Any], bool]]]


@pytest.fixture
def namespaces() -> None:
    if not mount.can_separate():
        pytest.skip("this system lets nobody make namespaces")


@pytest.mark.anyio
async def test_a_program_in_a_sandbox_writes_to_its_mount_and_sees_no_more(
    connect: Callable[..., Any], ask: Ask, folder: Path, namespaces: None
) -> None:
    code = "import os\nopen('made', 'w').close()\n[os.getcwd(), sorted(p for p in os.listdir('/proc') if p.isdigit())]"
    async with connect(sandbox=True) as client:
        text, facts, is_error = await ask(client, "run_python_code", python_code=code)
    assert not is_error, text
    assert facts["return_value"] == ["/working", ["1", "2"]]
    assert (folder / "made").exists()


@pytest.mark.anyio
async def test_a_file_runs_in_a_sandbox(connect: Callable[..., Any], ask: Ask, folder: Path, namespaces: None) -> None:
    (folder / "beside.py").write_text("answer = 42")
    (folder / "script.py").write_text("import beside, sys\nprint(beside.answer, __file__, sys.argv[1:])")
    async with connect(sandbox=True) as client:
        text, facts, _ = await ask(client, "run_python_file", file_path="/working/script.py", args=["a"])
    assert facts["output"] == "42 /working/script.py ['a']\n", text


@pytest.mark.anyio
async def test_where_a_sandbox_cannot_be_had_the_call_is_refused(
    connect: Callable[..., Any], ask: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORERUN_NO_NAMESPACES", "1")
    async with connect(sandbox=True) as client:
        text, _, is_error = await ask(client, "run_python_code", python_code="open('ran', 'w')")
    assert is_error
    assert "--sandbox is not to be had" in text
    assert not (folder / "ran").exists()


@pytest.mark.anyio
async def test_a_limit_that_was_reached_is_in_the_answer(connect: Callable[..., Any], ask: Ask) -> None:
    async with connect(limits=Limits(memory=300 << 20)) as client:
        text, facts, _ = await ask(client, "run_python_code", python_code="bytearray(1 << 30)")
    assert facts["status"] == "run-error"
    assert "--max-memory" in text


@pytest.mark.anyio
async def test_a_program_cannot_read_the_variables_of_its_server(
    connect: Callable[..., Any], ask: Ask, namespaces: None
) -> None:
    code = (
        f"import os\n[os.path.exists('/proc/{os.getpid()}'), len(os.listdir('/proc/1/fd')) if os.getuid() == 0 else 0]"
    )
    async with connect() as client:
        _, facts, _ = await ask(client, "run_python_code", python_code=code)
    assert facts["return_value"][0] is False
    assert facts["return_value"][1] <= 1


def test_flags_and_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORERUN_MAX_OPEN_FILES", "64")
    flags = ["--sandbox", "--no-network", "--max-memory", "2GiB", "--max-file-size=1M", "--max-processes", "9"]
    settings = parse("stdio", flags).settings
    assert (settings.sandbox, settings.no_network) == (True, True)
    assert settings.limits == Limits(2 << 30, 1_000_000, 64, 9)


@pytest.mark.parametrize("flag", ["--max-memory=0", "--max-open-files=0", "--max-processes=-1", "--max-file-size=x"])
def test_nonsense_is_refused(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse("stdio", [flag])
    assert caught.value.code == 2
    assert "is no " in capsys.readouterr().err
