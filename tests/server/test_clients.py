"""Real clients, each in an environment of its own, over stdio: the examples run, and get the same answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Install

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples" / "clients"

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.fixture
def environment(tmp_path: Path, cache: Path) -> dict[str, str]:
    """What people have: `forerun` on PATH."""
    programs = tmp_path / "programs"
    programs.mkdir()
    code = (
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT / 'src')!r})\n"
        "from forerun.commands.main import forerun\nsys.exit(forerun())\n"
    )
    (programs / "forerun").write_text(code)
    (programs / "forerun").chmod(0o755)
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "FORERUN_CACHE_DIR": str(cache)}


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_python_client(example: Path, environment: dict[str, str], tmp_path: Path) -> None:
    command = ["forerun", "run", str(example)]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "humanize==" in done.stdout
    assert "1,234,567" in done.stdout


TYPESCRIPT = {
    "typescript_sdk.mjs": "@modelcontextprotocol/sdk",
    "typescript_client.mjs": "@modelcontextprotocol/client",
}


@pytest.mark.parametrize("example", TYPESCRIPT)
def test_typescript_client(example: str, environment: dict[str, str], install: Install) -> None:
    folder = install(TYPESCRIPT[example])
    shutil.copy(EXAMPLES / example, folder)
    command = ["node", example]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "humanize==" in done.stdout
    assert "1,234,567" in done.stdout


def test_inspector(environment: dict[str, str], install: Install, tmp_path: Path) -> None:
    """The official inspector, which needs a newer Node than most, calls a tool and finds no fault with the schemas."""
    programs = install("@modelcontextprotocol/inspector") / "node_modules" / ".bin"
    environment = {**environment, "PATH": f"{programs}{os.pathsep}{environment['PATH']}"}
    configuration = {"mcpServers": {"forerun": {"command": "forerun", "args": ["stdio"], "env": environment}}}
    (tmp_path / "mcp.json").write_text(json.dumps(configuration))
    inspector = [str(programs / "mcp-inspector"), "--cli", "--config", "mcp.json"]

    def inspected(*arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [*inspector, "--server", "forerun", "--method", *arguments],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    names = [each["name"] for each in inspected("tools/list", "--strict")["tools"]]
    assert names == ["run_python_code", "run_python_file", "resolve_dependencies"]
    called = inspected("tools/call", "--tool-name", "run_python_code", "--tool-arg", "python_code=6 * 7")
    assert called["structuredContent"]["return_value"] == 42
