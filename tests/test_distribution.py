"""What is built holds what it should: the wheel exactly the package, the sdist its own tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("resolver", "runner", "server", "commands", "data")

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an sdist from the tree, and the wheel from that sdist."""
    out = tmp_path_factory.mktemp("dist")
    # Both steps have an environment of their own, which uv makes in no time.
    run(sys.executable, "-m", "build", "--installer", "uv", "--outdir", str(out), str(ROOT))
    return out


def run(*command: str, cwd: Path | None = None, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shipped_files() -> set[str]:
    files = {f"forerun/{name}" for name in ("__init__.py", "__main__.py", "py.typed")}
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                files.add(f"forerun/{path.relative_to(ROOT)}")
    return files


def test_the_wheel_holds_exactly_the_package(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == shipped_files()


def test_the_package_folder_holds_nothing_that_the_wheel_does_not_name() -> None:
    found = {path.name for path in (ROOT / "src" / "forerun").iterdir() if path.name != "__pycache__"}
    assert found == {"__init__.py", "__main__.py", "py.typed", *FOLDERS}


def test_the_installed_wheel_works_and_brings_no_generic_name(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    python = str(tmp_path / "venv/bin/python")
    # A pip of its own, and bytecode that is used once, would take most of the time.
    run(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv"))
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile", str(wheel))
    script = tmp_path / "names.py"
    script.write_text("import yaml\n")
    assert run(python, "-m", "forerun", "resolve", str(script)) == "pyyaml\n"
    assert run(str(tmp_path / "venv/bin/resolve"), str(script)) == "pyyaml\n"
    code = f"import importlib.util as u; print([n for n in {FOLDERS!r} if u.find_spec(n)])"
    assert run(python, "-c", code, cwd=tmp_path) == "[]\n"


def test_the_sdist_passes_its_own_tests(built: Path, tmp_path: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    environment = {**os.environ, "PYTHONPATH": ""}
    quick = ["-m", "pytest", "-q", "-m", "not network and not slow", "-p", "no:cacheprovider"]
    # Rewriting all assertions for better messages would take most of the time.
    collecting = [*quick, "--collect-only", "--assert=plain"]
    assert "tests collected" in run(sys.executable, *collecting, cwd=folder, environment=environment)
    # These read every table and need no network; all of the tests would take as long again as this run.
    shown = run(
        sys.executable, *quick, "tests/data", "tests/resolver/test_import_map.py", cwd=folder, environment=environment
    )
    assert " passed" in shown
