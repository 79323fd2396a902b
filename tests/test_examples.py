"""Each example, through each of the three ways in, twice (cold or not, then warm), the second time with a mount."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client

import forerun

ROOT = Path(__file__).parent.parent
EXAMPLES = {"sine_wave.py": "sine_wave.png", "names.py": "", "report.py": "report.xlsx"}

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.parametrize(("name", "product"), EXAMPLES.items(), ids=list(EXAMPLES)),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that scripts see as /working, with the examples in it."""
    shutil.copytree(ROOT / "examples", tmp_path, dirs_exist_ok=True)
    return tmp_path


def check(folder: Path, product: str) -> None:
    if product:
        assert (folder / product).stat().st_size > 1000
        (folder / product).unlink()


def test_by_the_command(name: str, product: str, folder: Path, cache_dir: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "FORERUN_CACHE_DIR": str(cache_dir)}
    for arguments in ([name], ["--mount", "/working", "--path", str(folder), f"/working/{name}"]):
        command = [sys.executable, "-m", "forerun", "run", *arguments]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        check(folder, product)


def test_by_the_library(
    name: str, product: str, folder: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(cache_dir))
    for _ in range(2):
        result = forerun.run(folder / name, folder="/working", mount=("/working", folder))
        assert result.status == "success", result.error
        check(folder, product)


@pytest.mark.anyio
async def test_by_an_mcp_client(name: str, product: str, folder: Path, outer: dict[str, str]) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "forerun", "stdio", "--mount", "/working", "--path", str(folder)],
        env={**outer, "PYTHONPATH": str(ROOT / "src")},
    )
    async with Client(stdio_client(server)) as client:
        for _ in range(2):
            result = await client.call_tool("run_python_file", {"file_path": f"/working/{name}"})
            assert not result.is_error, result.content
            assert result.structured_content is not None
            assert result.structured_content["status"] == "success"
            check(folder, product)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
