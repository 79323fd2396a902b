"""Code that was pasted from a notebook runs as it does there, as far as it is Python."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Ask = Callable[..., Awaitable[tuple[str, dict[str, Any], bool]]]

pytestmark = pytest.mark.anyio


@pytest.mark.network
async def test_pip_lines_are_hints_and_the_code_runs(connect: Callable[..., Any], mode: str, ask: Ask) -> None:
    code = "%pip install humanize==4.9.0\n!pip install -q six\nimport humanize\nhumanize.__version__\n!ls"
    async with connect(mode) as client:
        text, facts, is_error = await ask(client, "run_python_code", python_code=code)
    assert not is_error, text
    assert facts["return_value"] == "4.9.0"
    assert [each.partition("==")[0] for each in facts["dependencies"]] == ["humanize", "six"]
    said = "line 1 (%pip), line 2 (!pip) and line 5 (!ls) are not executed, since only notebooks can; what would be"
    assert facts["notes"][0].startswith(said)
    assert said in text


async def test_cells_for_other_programs_are_not_run(connect: Callable[..., Any], ask: Ask) -> None:
    async with connect() as client:
        _, facts, _ = await ask(client, "run_python_code", python_code="%%bash\nls\nexit 3\n")
    assert (facts["status"], facts["exit_code"]) == ("success", 0)
    assert facts["notes"][0] == "lines 1 to 3 (%%bash) are not executed, since only notebooks can"


async def test_a_mistake_beside_such_a_line_is_reported_where_it_is(connect: Callable[..., Any], ask: Ask) -> None:
    async with connect() as client:
        code = "%matplotlib inline\n!ls\nif x = 3:\n    pass\n"
        _, facts, is_error = await ask(client, "run_python_code", python_code=code)
        _, failing, _ = await ask(
            client, "run_python_code", python_code="!ls\ndef f():\n    !ls\n    return 1 / 0\nf()"
        )
    assert (facts["status"], is_error) == ("run-error", False)
    assert 'File "main.py", line 3\n    if x = 3:' in facts["error"]
    assert 'File "main.py", line 4, in f\n    return 1 / 0' in failing["error"]


async def test_what_is_predicted_says_so_too(connect: Callable[..., Any], ask: Ask) -> None:
    async with connect() as client:
        _, facts, _ = await ask(client, "resolve_dependencies", python_code="%pip install pyyaml\n")
    assert facts["would_run"]
    assert [each["requirement"] for each in facts["requirements"]] == ["pyyaml"]
    assert "main.py: line 1 (%pip) is not executed" in facts["problems"][0]


async def test_a_traceback_from_a_notebook_names_the_cell(
    connect: Callable[..., Any], ask: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [{"cell_type": "code", "source": each} for each in ("open('/working/a', 'w').close()", "\n1 / 0")]
    (folder / "a.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    for never in ("", "1"):
        monkeypatch.setenv("FORERUN_NO_NAMESPACES", never)
        async with connect() as client:
            _, facts, _ = await ask(client, "run_python_file", file_path="a.ipynb")
        assert facts["error"].count("  File ") == 1
        assert 'File "a.ipynb, cell 2", line 2, in <module>\n    1 / 0\n' in facts["error"]
        assert (folder / "a").exists()
