"""The README cannot lie: its examples run and print what it says, and its options are the options."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8") if (ROOT / "README.md").exists() else ""


def fences(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.M | re.S)


def console_examples() -> Iterator[tuple[str, str]]:
    for fence in fences("console"):
        for part in re.split(r"(?m)^\$ ", fence)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


@pytest.fixture
def empty_folder(tmp_path: Path) -> Path:
    """A folder as a newcomer has it: the examples, and the commands on PATH."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("forerun", "resolve"):
        entry = "resolve" if name == "resolve" else "forerun"
        code = f"#!{sys.executable}\nimport sys\nfrom forerun.commands.main import {entry}\nsys.exit({entry}())\n"
        (programs / name).write_text(code)
        (programs / name).chmod(0o755)
    return tmp_path


@pytest.mark.network
@pytest.mark.parametrize(("command", "output"), list(console_examples()))
def test_a_command_prints_what_the_readme_shows(command: str, output: str, empty_folder: Path, cache_dir: Path) -> None:
    environment = {
        **os.environ, "PATH": f"{empty_folder / 'programs'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"), "FORERUN_CACHE_DIR": str(cache_dir),
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=empty_folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, output), done.stderr


@pytest.mark.network
@pytest.mark.parametrize("code", fences("python"))
def test_python_examples_run(code: str, cache_dir: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "FORERUN_CACHE_DIR": str(cache_dir)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", ["run", "resolve", "stdio", "streamable-http", "sse"])
def test_every_option_is_documented_and_every_documented_option_exists(command: str) -> None:
    help_text = subprocess.run(
        [sys.executable, "-m", "forerun", command, "--help"], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    ).stdout  # fmt: skip
    existing = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", help_text)) - {"--help"}
    documented = options_of(command)
    if command in ("streamable-http", "sse"):
        documented |= options_of("stdio")
    assert documented == existing


def options_of(command: str) -> set[str]:
    table = re.search(rf"^\| option of [^|]*`forerun {command}`.*?\n((?:\|.*\n)+)", README, flags=re.M)
    assert table is not None
    first_cells = "\n".join(row.split("|")[1] for row in table[1].splitlines())
    return set(re.findall(r"--[a-z][a-z-]*", first_cells))


def test_the_cache_command_is_documented_as_it_is() -> None:
    existing = set()
    for action in ("info", "list", "prune", "clear"):
        help_text = subprocess.run(
            [sys.executable, "-m", "forerun", "cache", action, "--help"], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        ).stdout  # fmt: skip
        existing |= {action, *re.findall(r"(?<![\w-])--[a-z][a-z-]*", help_text)} - {"--help"}
    table = re.search(r"^\| option of `forerun cache`.*?\n((?:\|.*\n)+)", README, flags=re.M)
    assert table is not None
    first_cells = [row.split("|")[1] for row in table[1].splitlines()[1:]]
    assert {re.findall(r"`([a-z-]+)", cell)[0] for cell in first_cells} == existing


def test_the_set_up_commands_are_those_that_ci_runs() -> None:
    first, second = (fence for fence in fences("bash"))
    assert "examples/sine_wave.py" in first
    assert second.rstrip().endswith("python -m pytest")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\npython -m pytest\n" in script
    assert "--group dev" in second
    assert "--group dev" in script


def test_counts_in_the_readme_are_those_of_the_tables() -> None:
    import json

    table = json.loads((ROOT / "data" / "import_map.json").read_text(encoding="utf-8"))
    curated = len(table["modules"]) + len(table["same"])
    assert f"about {round(curated, -2):,} curated import names" in README
    assert f"{len(table['patterns'])} namespace patterns" in README
    assert f"{len(table['contested'])} names that several" in README
    for name in ("implicit", "version_hints"):
        rules = json.loads((ROOT / "data" / f"{name}.json").read_text(encoding="utf-8"))["rules"]
        assert f"{len(rules)} rules know" in README
