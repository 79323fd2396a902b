"""What registries and hosts read of us says the same as the package: names, versions, tools, flags."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client

from forerun import __version__

ROOT = Path(__file__).parent.parent
SERVER: dict[str, Any] = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
BUNDLE: dict[str, Any] = json.loads((ROOT / "bundle" / "manifest.json").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "bundle" / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_registry_entry_is_that_of_the_package() -> None:
    (package,) = SERVER["packages"]
    assert SERVER["version"] == package["version"] == __version__
    assert package["identifier"] == "forerun"
    assert len(SERVER["description"]) <= 100
    assert f"<!-- mcp-name: {SERVER['name']} -->" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_bundle_installs_the_version_that_it_names() -> None:
    assert BUNDLE["version"] == PROJECT["project"]["version"] == __version__
    assert PROJECT["project"]["dependencies"] == [f"forerun=={__version__}"]
    assert (ROOT / "bundle" / BUNDLE["server"]["entry_point"]).is_file()
    assert BUNDLE["user_config"]["folder"]["type"] == "directory"


def test_flags_of_the_registry_entry_exist() -> None:
    help_text = subprocess.run(
        [sys.executable, "-m", "forerun", "stdio", "--help"], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    ).stdout  # fmt: skip
    named = [each["name"] for each in SERVER["packages"][0]["packageArguments"] if each["type"] == "named"]
    assert named
    assert all(f" {flag} " in help_text for flag in named)


@pytest.mark.anyio
async def test_the_bundle_serves_the_tools_that_it_names(tmp_path: Path, cache_dir: Path) -> None:
    arguments = [
        each.replace("${__dirname}", str(ROOT / "bundle")).replace("${user_config.folder}", str(tmp_path))
        for each in BUNDLE["server"]["mcp_config"]["args"]
    ]
    start = arguments.index("server.py")
    server = StdioServerParameters(
        command=sys.executable,
        args=[str(ROOT / "bundle" / "server.py"), *arguments[start + 1 :]],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "FORERUN_CACHE_DIR": str(cache_dir)},
    )
    async with Client(stdio_client(server)) as client:
        tools = {each.name for each in (await client.list_tools()).tools}
    assert tools == {each["name"] for each in BUNDLE["tools"]}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
