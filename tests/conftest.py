"""Fixtures that several folders of tests share: one store of environments a session, and the command `forerun`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

DEADLINE = 300.0
"""Seconds; generous, since it only ends what hangs."""

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The store of all tests of a session, so that each layer is built once."""
    folder = tmp_path_factory.mktemp("cache") / "forerun"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORERUN_CACHE_DIR", str(folder))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        # Where this machine's own settings say that distributions come from is not under test.
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.delenv("PIP_FIND_LINKS", raising=False)
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def forerun_command() -> list[str]:
    """The argument vector of the command, by the interpreter that runs the tests."""
    source = Path(__file__).parent.parent / "src"
    starter = f"import sys; sys.path.insert(0, {str(source)!r}); from forerun.commands.main import forerun"
    return [sys.executable, "-c", f"{starter}; sys.exit(forerun())"]


@pytest.fixture
def run_forerun(cache_dir: Path, forerun_command: list[str], tmp_path: Path) -> Forerun:
    """Run the command in the test's own folder."""

    def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        options.setdefault("cwd", tmp_path)
        options.setdefault("env", dict(os.environ))
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(
            [*forerun_command, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            **options,
        )

    return run
