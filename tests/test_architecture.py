"""The house stands as drawn: imports point one way, and heavy ones stay off the fast paths."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("data", "resolver", "runner", "server", "commands")
SOURCES = [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]


@functools.cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imported(path: Path) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in nodes_of(path):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def floors_named(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    if isinstance(node, ast.ImportFrom) and node.module == "forerun":
        names = [f"forerun.{alias.name}" for alias in node.names]
    for name in names:
        parts = name.split(".")
        if parts[0] == "forerun" and len(parts) > 1 and parts[1] in FLOORS:
            yield parts[1]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    floor = path.relative_to(ROOT).parts[0]
    below = FLOORS[: FLOORS.index(floor)]
    for node in imported(path):
        assert not (isinstance(node, ast.ImportFrom) and node.level > 1), f"line {node.lineno} imports with .."
        for named in floors_named(node):
            assert named in below, f"line {node.lineno} imports {named} from {floor}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_one_place_starts_processes() -> None:
    starters = {"subprocess", "multiprocessing", "pty"}
    calls = {"fork", "execve", "execv", "posix_spawn", "system", "popen", "spawnv"}
    found = set()
    for path in SOURCES:
        if "inside" in path.parts:
            continue
        names = {alias.name for node in imported(path) for alias in node.names}
        used = {
            node.func.attr
            for node in nodes_of(path)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "os"
        }
        if names & starters or used & calls:
            found.add(str(path.relative_to(ROOT)))
    # `pid_namespace` forks because only a new process can be in a new process namespace; `ahead` starts a script's
    # interpreter before any of the others is loaded.
    assert found == {
        "runner/ahead.py",
        "runner/forks.py",
        "runner/pid_namespace.py",
        "runner/process.py",
        "runner/supervisor.py",
        "runner/windows_processes.py",
    }


def modules_after(code: str) -> set[str]:
    listed = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; sys.stderr.write('\\n'.join(sys.modules))"],
        capture_output=True, text=True, check=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    return set(listed.stderr.split("\n"))


HEAVY = set(
    "argparse asyncio contextlib dataclasses functools json mcp packaging pathlib re rich stdlib_list subprocess "
    "tomllib typing".split()
)


def test_importing_forerun_is_cheap() -> None:
    before = modules_after("pass")
    assert modules_after("import forerun") - before == {"__future__", "forerun"}


def test_resolve_imports_nothing_heavy() -> None:
    before = modules_after("pass")
    after = modules_after("from forerun.commands.main import resolve; resolve(['examples/names.py'])")
    assert "forerun.resolver.resolution" in after
    assert not (after - before) & HEAVY


def test_nobody_looks_for_cycles_while_modules_load() -> None:
    counted = "import gc, sys; seen = []; gc.callbacks.append(lambda *told: seen.append(1))"
    loading = "from forerun.commands.main import resolve; resolve(['examples/names.py'])"
    asked = f"{counted}\n{loading}\nsys.stderr.write(str(len(seen)))"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    # Two calls a collection, and one or two of those before we are asked anything.
    assert int(done.stderr) <= 4


def test_every_public_name_can_be_had() -> None:
    import forerun

    assert all(getattr(forerun, name) is not None for name in forerun.__all__)
    assert set(forerun.__all__) <= set(dir(forerun))
    with pytest.raises(AttributeError, match="nothing_here"):
        forerun.nothing_here  # noqa: B018
