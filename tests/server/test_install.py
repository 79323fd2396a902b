"""The server with packages from the index: what the README promises, over a real process and in this one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.anyio, pytest.mark.network, pytest.mark.slow]

EXAMPLES = Path(__file__).parents[2] / "examples"


async def _facts(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    facts: dict[str, Any] | None = answer.structured_content
    assert facts is not None, answer.content
    return facts


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_sine_wave_over_stdio(mode: str, outer: dict[str, str], forerun_command: list[str], folder: Path) -> None:
    shutil.copy(EXAMPLES / "sine_wave.py", folder)
    command, *rest = forerun_command
    flags = ["stdio", "--mount", "/working", "--path", str(folder)]
    async with Client(StdioServerParameters(command=command, args=[*rest, *flags], env=outer), mode=mode) as client:
        for path in ("/working/sine_wave.py", "sine_wave.py"):
            facts = await _facts(client, "run_python_file", file_path=path, args=["/working/plot.png"])
            assert (facts["status"], facts["output"]) == ("success", "plot saved to /working/plot.png\n")
            assert {each.partition("==")[0] for each in facts["dependencies"]} >= {"numpy", "matplotlib"}
            assert (folder / "plot.png").read_bytes().startswith(b"\x89PNG")
            (folder / "plot.png").unlink()


async def test_numpy_values_are_data(connect: Callable[..., Any]) -> None:
    async with connect() as client:
        facts = await _facts(client, "run_python_code", python_code="import numpy\nnumpy.eye(2)")
    assert facts["return_value"] == [[1.0, 0.0], [0.0, 1.0]]
    assert facts["dependencies"][0].startswith("numpy==")


async def test_open_figures_come_along_as_images(connect: Callable[..., Any]) -> None:
    async with connect() as client:
        code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nNone"
        answer = await client.call_tool("run_python_code", {"python_code": code})
    # The link leads to the figure as it is, which a large picture is not.
    assert [each.type for each in answer.content] == ["text", "image", "resource_link"]
    assert answer.content[2].name == "figure 1"
    assert answer.structured_content is not None
    assert answer.structured_content["images"] == 1


async def test_declared_dependencies_are_installed(connect: Callable[..., Any]) -> None:
    block = "# /// script\n# dependencies = ['six']\n# ///\nimport six; six.__name__"
    async with connect(dependencies=("iniconfig>=2,<3",)) as client:
        in_block = await _facts(client, "run_python_code", python_code=block)
        named = await _facts(client, "run_python_code", python_code="import six", dependencies=["six<2"])
    for facts in (in_block, named):
        assert facts["status"] == "success"
        assert [each.partition("==")[0] for each in facts["dependencies"]] == ["iniconfig", "six"]


async def test_what_cannot_be_installed_is_our_error(connect: Callable[..., Any]) -> None:
    async with connect() as client:
        answer = await client.call_tool("run_python_code", {"python_code": "1", "dependencies": ["six>999"]})
    assert answer.is_error
    assert answer.structured_content is not None
    assert answer.structured_content["status"] == "install-error"


def test_warmup(outer: dict[str, str], forerun_command: list[str], tmp_path: Path) -> None:
    ended = subprocess.run(
        [*forerun_command, "warmup"], env=outer, cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "numpy==" in ended.stdout
    assert ended.stdout.endswith("ready\n")


def test_warmup_that_fails_says_so(outer: dict[str, str], forerun_command: list[str], tmp_path: Path) -> None:
    command = [*forerun_command, "warmup", "--deny", "numpy"]
    ended = subprocess.run(command, env=outer, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 1
    assert ended.stdout.splitlines()[-1].startswith("failed: not run: numpy is on the deny list")
