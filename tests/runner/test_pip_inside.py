"""What a script installs by itself lands in the environment of its run, and nowhere else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import forerun
from forerun.runner.interpreter import this_interpreter
from forerun.runner.pip_inside import _archive

pytestmark = pytest.mark.skipif(not _archive(this_interpreter()), reason="this interpreter brings no pip along")

INSTALLING = """\
import subprocess, sys, os
subprocess.run([*{command!r}, 'install', '--quiet', '--disable-pip-version-check', '--no-cache-dir', 'six==1.15.0'],
               check=True)
found = subprocess.run([sys.executable, '-c', 'import six; print(six.__version__, six.__file__)'],
                       capture_output=True, text=True, check=True).stdout.split()
[found[0], found[1].startswith(sys.prefix), sys.prefix]
"""


@pytest.mark.network
@pytest.mark.parametrize("protects_store", [False, True], ids=["open store", "closed store"])
@pytest.mark.parametrize("command", [[sys.executable, "-m", "pip"], ["pip"]], ids=["python -m pip", "pip"])
def test_what_a_script_installs_is_the_runs_own(command: list[str], protects_store: bool, cache_dir: Path) -> None:
    shown = ["python", "-m", "pip"] if len(command) > 1 else command
    before = sorted(os.listdir(cache_dir / "1" / "layers")) if (cache_dir / "1" / "layers").exists() else []
    result = forerun.run(INSTALLING.format(command=shown), protects_store=protects_store)
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    version, is_own, prefix = result.value.data
    assert (version, is_own) == ("1.15.0", True)
    assert not Path(prefix).exists()
    assert sorted(os.listdir(cache_dir / "1" / "layers")) == before


def test_pip_can_be_imported_by_its_parts(cache_dir: Path) -> None:
    # Imported by a name that nothing reads out of the code, so that pip is not installed for it.
    code = "from importlib import import_module as m\nname = chr(112) + 'ip'\ncallable(m(name + '._internal').main)"
    result = forerun.run(code)
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.value.data is True
    assert result.dependencies == ()
