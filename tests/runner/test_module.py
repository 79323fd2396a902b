"""`forerun run -m` does what `python -m` does: the same package under both, and what a caller sees compared."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from forerun.runner.interpreter import this_interpreter

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]
PYTHON = this_interpreter().path

SHOW = "import sys\nprint(__name__, __file__, __package__, __spec__ and __spec__.name, sys.argv, sys.path[0])\n"
FILES = {
    "pack/__init__.py": "print('init', __name__, __path__)\n",
    "pack/__main__.py": f"from . import other\nfrom .inner.deep import y\nimport pack.other\n{SHOW}print(other.x, y)\n",
    "pack/other.py": f"x = 1\nif __name__ == '__main__':\n    exec({SHOW!r})\n    raise SystemExit(other_name)\n",
    "pack/inner/__init__.py": "",
    "pack/inner/deep.py": "y = 2\n",
    "plain.py": SHOW,
    "space/tool.py": f"from .mate import z\n{SHOW}print(z)\n",
    "space/mate.py": "z = 3\n",
    "spawning.py": "import multiprocessing as m\ndef f(x):\n    return x * 2\nif __name__ == '__main__':\n"
    "    with m.get_context('spawn').Pool(1) as p:\n        print(p.map(f, [1, 2]))\n",
}
MODULES = {
    "package": "pack",
    "module of a package": "pack.other",
    "plain module": "plain",
    "namespace package": "space.tool",
    "spawned processes": "spawning",
    "package without a main": "pack.inner",
    "standard library": "calendar",
    "not there": "forerun_invented_name_zq",
    "not there in a package": "pack.nothing",
    "no module name": "a-b",
    "a file name": "plain.py",
    "empty part": "pack..other",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def neutral(text: str) -> str:
    """Return text without the interpreter's path, which stands at the beginning of a line."""
    lines = (line for line in text.splitlines() if not line.startswith("forerun: "))
    return "\n".join(line.partition(": ")[2] if line.startswith("/") else line for line in lines)


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES.keys())
def test_as_python_itself(module: str, folder: Path, run_forerun: Forerun) -> None:
    arguments = ["2026", "1"] if module == "calendar" else ["-a", "-m", "b c"]
    ours = run_forerun("run", "-m", module, *arguments, cwd=folder)
    theirs = subprocess.run(
        [PYTHON, "-m", module, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout), ours.stderr
    assert neutral(ours.stderr) == neutral(theirs.stderr)


@pytest.mark.network
def test_what_the_files_of_a_package_import_is_installed(folder: Path, run_forerun: Forerun) -> None:
    (folder / "pack" / "__init__.py").write_text("import humanize\n")
    (folder / "pack" / "inner" / "deep.py").write_text("import six\ny = six.PY3\n")
    done = run_forerun("run", "-m", "pack", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("1 True\n")
    assert done.stderr == ""


@pytest.mark.network
def test_a_module_that_is_not_local_is_installed(run_forerun: Forerun) -> None:
    done = run_forerun("run", "-m", "pygments", "-V")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Pygments version")


def test_a_module_that_nobody_vetted_is_refused(run_forerun: Forerun) -> None:
    done = run_forerun("run", "-m", "django_blog_zinnia")
    assert (done.returncode, done.stdout) == (3, "")
    assert "not run: django-blog-zinnia" in done.stderr


def test_options_stand_before_the_module(folder: Path, run_forerun: Forerun) -> None:
    done = run_forerun("run", "--no-retry", "--timeout", "60", "-m", "plain", "--timeout", "x", cwd=folder)
    assert "['--timeout', 'x']" in done.stdout.replace(f"'{folder}/plain.py', ", ""), done.stderr
    assert run_forerun("run", "-m").returncode == 2
