"""What runs inside the script's interpreter works on every Python from 3.8 on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from forerun.runner.environment import HOOK, INSIDE, make_skeleton
from forerun.runner.interpreter import Interpreter

VERSIONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]
VERSION_OF = "import sys; print('%d.%d' % sys.version_info[:2], '%d %d %d' % sys.version_info[:3], sys.executable)"


def interpreter(version: str) -> Interpreter:
    """Return an interpreter of a version that this machine has, wherever it is, or skip."""
    homes = [Path(sys.base_prefix), *sorted(Path(sys.base_prefix).parent.glob(f"{version}*"))]
    candidates = [str(home / "bin" / f"python{version}") for home in homes]
    for path in [*candidates, shutil.which(f"python{version}") or "", shutil.which("python3") or ""]:
        if not os.path.exists(path):
            continue
        told = subprocess.run([path, "-c", VERSION_OF], capture_output=True, text=True, check=False).stdout.split()
        if told and told[0] == version:
            number = (int(told[1]), int(told[2]), int(told[3]))
            return Interpreter(os.path.realpath(told[4]), number, f"cpython-{number[0]}{number[1]}")
    pytest.skip(f"there is no Python {version} here")


class Inside:
    """An environment of some interpreter, without a layer."""

    def __init__(self, version: str, folder: Path) -> None:
        self.interpreter = interpreter(version)
        self.answer = folder / "answer.json"
        self._root = folder / "env"
        make_skeleton(str(self._root), self.interpreter)
        path_file = self._root / self.interpreter.site_packages / "forerun.pth"
        path_file.write_text(f"import os, sys; 'FORERUN_ANSWER' in os.environ and exec({HOOK!r})\n")
        self._folder = folder

    def run(self, code: str, *, file: bool = False, **variables: str) -> subprocess.CompletedProcess[str]:
        main = self._folder / "main.py"
        main.write_text(code)
        environment = {
            "PATH": os.environ["PATH"],
            "FORERUN_ANSWER": str(self.answer),
            "FORERUN_FOLDER": "/",
            **variables,
        }
        starter = [] if file else [os.path.join(INSIDE, "_forerun_code.py")]
        return subprocess.run(
            [str(self._root / "bin" / "python"), *starter, str(main), "an", "argument"],
            env=environment, cwd="/", capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        return dict(json.loads(self.answer.read_text()))


@pytest.fixture(params=VERSIONS)
def inside(request: pytest.FixtureRequest, tmp_path: Path) -> Inside:
    return Inside(request.param, tmp_path)


def test_every_file_compiles(inside: Inside) -> None:
    for path in Path(INSIDE).glob("*.py"):
        command = f"compile(open({str(path)!r}).read(), 'x', 'exec')"
        done = subprocess.run(
            [inside.interpreter.path, "-W", "error", "-c", command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_a_code_string(inside: Inside) -> None:
    done = inside.run(
        "import sys\nprint(__name__, sys.argv, sys.path[0], sys.prefix != sys.base_prefix)\n[1, {'a': None}]"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "__main__ ['main.py', 'an', 'argument'] / True\n"
    assert inside.told() == {"value": {"repr": "[1, {'a': None}]", "data": [1, {"a": None}]}, "figures": []}


def test_top_level_await(inside: Inside) -> None:
    done = inside.run(
        "import asyncio\nawait asyncio.sleep(0)\nx = await asyncio.sleep(0, 3)\nx + await asyncio.sleep(0, 4)"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert inside.told()["value"]["data"] == 7


@pytest.mark.parametrize("tells", ["", "1"], ids=["shown", "told"])
def test_a_traceback(tells: str, inside: Inside, tmp_path: Path) -> None:
    # A file of that name in the working folder must not lend its lines.
    code = "async def f():\n    g()\ndef g():\n    return [][0]\nawait f()"
    done = inside.run(code, FORERUN_TELLS=tells)
    text = inside.told()["traceback"] if tells else done.stderr
    assert done.returncode == 1
    assert text.startswith('Traceback (most recent call last):\n  File "main.py", line 5, in <module>\n    await f()\n')
    assert "    return [][0]\n" in text
    assert text.endswith("IndexError: list index out of range\n")
    assert "forerun" not in text
    assert "asyncio" not in text
    assert (done.stderr == "") == bool(tells)


def test_a_syntax_error(inside: Inside) -> None:
    done = inside.run("x = 1\nif x\n    y = 2\n")
    assert done.returncode == 1
    assert done.stderr.startswith(
        ('  File "main.py", line 2\n', 'Traceback (most recent call last):\n  File "main.py", line 2\n')
    )
    assert "forerun" not in done.stderr


CELLS = "a b.ipynb\n1,4,6,7"


def test_a_traceback_names_the_cells_of_a_notebook(inside: Inside) -> None:
    code = (
        "from __future__ import annotations\nimport asyncio\n\n"
        "async def f(a: nothing = 1):\n    return 1 / x\n\n"
        "x = 0\nawait f()\n"
    )
    done = inside.run(code, FORERUN_CELLS=CELLS)
    assert done.returncode == 1
    assert 'File "a b.ipynb, cell 4", line 2, in <module>\n    await f()\n' in done.stderr
    assert 'File "a b.ipynb, cell 2", line 2, in f\n    return 1 / x\n' in done.stderr
    assert done.stderr.count("  File ") == 2


def test_cells_of_a_notebook_share_their_names_and_the_last_value_counts(inside: Inside) -> None:
    done = inside.run(
        "import inspect\nx = 1\n\ndef f(): return x\n\n\ninspect.getsource(f), f()\n", FORERUN_CELLS=CELLS
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert inside.told()["value"]["data"] == ["def f(): return x\n", 1]


def test_nothing_is_run_where_a_later_cell_is_no_python(inside: Inside) -> None:
    done = inside.run("print(1)\n\n\nx = 1\n\n\nx = 2\nif x\n", FORERUN_CELLS=CELLS)
    assert (done.returncode, done.stdout) == (1, "")
    assert 'File "a b.ipynb, cell 4", line 2\n' in done.stderr


MISSING = {
    "import": ("import nowhere_at_all.b", "nowhere_at_all"),
    "from": ("from nowhere_at_all import b", "nowhere_at_all"),
    "submodule": ("import json.nowhere_at_all", "json.nowhere_at_all"),
    "computed": ("import importlib\nimportlib.import_module('nowhere' + '_at_all')", "nowhere_at_all"),
    "dunder": ("__import__('nowhere_at_all')", "nowhere_at_all"),
    "in a function": ("def f():\n    import nowhere_at_all\nf()", "nowhere_at_all"),
    "raised again": ("try:\n    import nowhere_at_all\nexcept ImportError:\n    raise", "nowhere_at_all"),
    "raised by hand": ("raise ModuleNotFoundError('x', name='nowhere_at_all')", ""),
    "another ImportError": ("from os import nothing_of_that_name", ""),
    "chained by the script": (
        "try:\n    import nowhere_at_all\nexcept ImportError as e:\n    raise ImportError('x') from e", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "module"), MISSING.values(), ids=MISSING.keys())
def test_which_module_was_missing(code: str, module: str, inside: Inside) -> None:
    done = inside.run(code, file=True, FORERUN_MAY_RETRY="1")
    assert done.returncode == 1
    if module:
        assert inside.told()["missing"] == module
        assert done.stderr == ""
        assert "ModuleNotFoundError" in inside.told()["traceback"]
    else:
        assert not inside.answer.exists()
        assert "Error" in done.stderr


def test_an_answer_that_cannot_be_written_hides_no_traceback(inside: Inside, tmp_path: Path) -> None:
    done = inside.run(
        "import nowhere_at_all", file=True, FORERUN_MAY_RETRY="1", FORERUN_ANSWER=str(tmp_path / "missing" / "answer")
    )
    assert done.returncode == 1
    assert done.stderr.count("ModuleNotFoundError") == 1
    assert "excepthook" not in done.stderr


def test_a_safe_path_is_kept(inside: Inside) -> None:
    if inside.interpreter.version < (3, 11):
        pytest.skip("PYTHONSAFEPATH came with Python 3.11")
    done = inside.run("import sys\n'/' in sys.path or '' in sys.path", PYTHONSAFEPATH="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert inside.told()["value"]["data"] is False
