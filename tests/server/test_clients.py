"""Real clients, each in an environment of its own, over stdio: the examples run, and get the same answer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_typescript_client(environment: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm")
    shutil.copy(EXAMPLES / "typescript_sdk.mjs", tmp_path)
    install = ["npm", "install", "--no-fund", "--no-audit", "@modelcontextprotocol/sdk"]
    subprocess.run(install, cwd=tmp_path, capture_output=True, check=True)
    command = ["node", "typescript_sdk.mjs"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "humanize==" in done.stdout
    assert "1,234,567" in done.stdout
