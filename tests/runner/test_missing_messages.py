"""What libraries say of an optional dependency that they lack, and what of that is understood."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import forerun
from forerun.runner.environment import INSIDE

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]


def inside(name: str) -> Any:
    """Load a module that otherwise only the script's interpreter sees."""
    spec = importlib.util.spec_from_file_location(name, Path(INSIDE) / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


named_in = inside("_forerun_messages").named_in

SAID = {
    "pandas, any": ("Missing optional dependency 'openpyxl'.  Use pip or conda to install openpyxl.", "openpyxl"),
    "pandas, old": ("Missing optional dependency 'xlrd'. Install xlrd >= 1.0.0 for Excel support", "xlrd"),
    "pandas, plot": (
        'matplotlib is required for plotting when the default backend "matplotlib" is selected.', "matplotlib",
    ),
    "pandas, parquet": (
        "Unable to find a usable engine; tried using: 'pyarrow', 'fastparquet'.\nA suitable version of pyarrow or "
        "fastparquet is required for parquet support.", "pyarrow",
    ),
    "scikit-learn": (
        "ConfusionMatrixDisplay.plot requires matplotlib. You can install matplotlib with `pip install matplotlib`",
        "matplotlib",
    ),
    "networkx": ("Matplotlib required for draw()", "Matplotlib"),
    "a distribution": ("You need to install it first: pip install scikit-image", "scikit-image"),
    "pip with an option": ("please run `pip install -U tabulate`", "tabulate"),
    "must be installed": ("lxml must be installed to use this function", "lxml"),
    "with a version": ("The pyarrow>=10 package is required to read this", "pyarrow"),
    "not installed": ("openpyxl is not installed", "openpyxl"),
    "could not import": ("Could not import PIL.", "PIL"),
    "please install": ("Please install the requests_toolbelt package", "requests_toolbelt"),
    "requires a package": ("This feature requires the boto3 package", "boto3"),
}  # fmt: skip
UNSAID = {
    "a name in a module": "cannot import name 'x' from 'y' (/z/y.py)",
    "a library of the system": "libGL.so.1: cannot open shared object file: No such file or directory",
    "a version of Python": "This module requires Python 3.12 or newer",
    "prose": "it is required that you call setup() first",
    "nothing": "",
    "circular": "attempted relative import with no known parent package",
}


@pytest.mark.parametrize(("message", "name"), SAID.values(), ids=SAID.keys())
def test_the_name_in_a_message_is_found(message: str, name: str) -> None:
    assert named_in(message) == name


@pytest.mark.parametrize("message", UNSAID.values(), ids=UNSAID.keys())
def test_a_message_that_names_nothing_leads_to_nothing(message: str) -> None:
    assert named_in(message) == ""


@pytest.mark.parametrize("part", ["a ", "the ", "requires ", "pip install ", "`", "a.", "[a", "is required ", "\t"])
def test_no_message_takes_long(part: str) -> None:
    # An exponential or cubic pattern would not come back from this.
    assert isinstance(named_in(part * 100_000), str)


@pytest.mark.network
@pytest.mark.slow
def test_a_library_that_only_says_what_it_lacks_is_understood(tmp_path: Path) -> None:
    code = "import pandas as pd\npd.DataFrame({'a': [1]}).__getattribute__('to_' + 'parquet')('x.parquet')\n1"
    result = forerun.run(code, folder=tmp_path)
    assert [(each.missing, each.added) for each in result.attempts] == [("pyarrow", ("pyarrow",)), ("", ())], result


HOOKS = {
    "own": "import sys\nsys.excepthook = lambda *e: print('hooked', e[0].__name__, flush=True)\n",
    "chained": "import sys\nold = sys.excepthook\n"
    "sys.excepthook = lambda *e: (print('hooked', e[0].__name__, flush=True), old(*e))\n",
    "Python's": "import sys\nsys.excepthook = lambda *e: (print('hooked', e[0].__name__, flush=True), "
    "sys.__excepthook__(*e))\n",
}
COMPUTED = "import importlib\nprint(importlib.import_module(chr(115) + 'ix').PY3)\n"


@pytest.mark.network
@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS.keys())
def test_a_script_with_a_hook_of_its_own_is_mended_too(hook: str, run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(hook + COMPUTED)
    done = run_forerun("job.py")
    assert (done.returncode, done.stdout) == (0, "hooked ModuleNotFoundError\nTrue\n"), done.stderr
    result = forerun.run(hook + COMPUTED)
    assert isinstance(result, forerun.Succeeded)
    assert len(result.attempts) == 2


NO_RERUN = {
    "the hook ends well": "import sys, os\nsys.excepthook = lambda *e: os._exit(0)\n" + COMPUTED,
    "an error that was dealt with": "import sys\ntry:\n    import forerun_invented_name_zq\nexcept ImportError as e:\n"
    "    sys.last_type, sys.last_value, sys.last_traceback = type(e), e, e.__traceback__\nsys.exit(0)",
    "a process of its own": "import sys, os\nif os.fork() == 0:\n    sys.excepthook = lambda *e: None\n"
    "    import forerun_invented_name_zq\nos.wait()\nsys.exit(5)",
    "another error afterwards": "import sys\nsys.excepthook = lambda *e: None\ntry:\n"
    "    import forerun_invented_name_zq\nexcept ImportError:\n    pass\n1 / 0",
}


@pytest.mark.parametrize("code", NO_RERUN.values(), ids=NO_RERUN.keys())
def test_an_error_that_did_not_end_the_script_leads_to_no_rerun(code: str) -> None:
    result = forerun.run(code)
    assert [(each.missing, each.added) for each in result.attempts] == [("", ())]


@pytest.mark.network
def test_a_rerun_is_announced_before_it_begins(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(f"import sys\n{COMPUTED}sys.stderr.write('second\\n')\n")
    said = run_forerun("job.py").stderr.splitlines()
    assert said[:2] == ["forerun: six is missing; running again with six", "second"]
    assert "happened twice" in said[2]
