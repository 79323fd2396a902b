"""Where Python has no fcntl, no resource, no fork and no libc, our modules can be imported all the same.

That is no proof that anything works on such a system; nobody has run it there.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import forerun
from forerun.runner.unlinked import FileRefused
from forerun.runner.windows_unlinked import checked_path

ROOT = Path(__file__).parent.parent
FLOORS = ("resolver", "runner", "commands")
"""Not the server: what it imports of the MCP SDK asks for the system's name, which we cannot change here."""
MODULES = [
    ".".join(("forerun", *path.relative_to(ROOT).with_suffix("").parts))
    for floor in FLOORS
    for path in sorted((ROOT / floor).rglob("*.py"))
    if path.name != "__init__.py" and "inside" not in path.parts
]

BARE = """\
import os, signal, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ("fcntl", "resource", "pwd", "grp", "termios"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules.pop(name, None)
for name in ("fork", "forkpty", "setsid", "waitid", "O_PATH"):
    if hasattr(os, name):
        delattr(os, name)
import ctypes
def absent(*_, **__):
    raise OSError("there is no libc")
ctypes.CDLL = absent
sys.path.insert(0, ROOT)
""".replace("ROOT", repr(str(Path(forerun.__file__).parent.parent)))


def on_a_bare_system(code: str, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BARE + code, *arguments], capture_output=True, text=True, check=False, cwd=folder
    )


def test_every_module_can_be_imported() -> None:
    code = (
        "import importlib, traceback\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n        importlib.import_module(name)\n"
        "    except BaseException as error:\n        print(name, repr(error))\n"
    )
    done = on_a_bare_system(code, *MODULES)
    assert (done.stdout, done.stderr) == ("", "")


def test_what_is_absent_is_absent() -> None:
    """Else the other tests here would prove nothing."""
    for code in ("import fcntl", "import resource", "os.fork", "import ctypes; ctypes.CDLL(None)"):
        assert on_a_bare_system(code).returncode == 1


def test_resolving_works(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import yaml, sklearn\n")
    code = "from forerun.commands.main import forerun\nsys.exit(forerun(sys.argv[1:]))"
    done = on_a_bare_system(code, "resolve", "script.py", folder=tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("pyyaml\nscikit-learn\n", "", 0)


@pytest.mark.parametrize("arguments", [["run", "script.py"], ["run", "-c", "1"], ["cache", "info"]], ids=" ".join)
def test_what_cannot_run_there_is_said_in_a_sentence(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("print('ran')\n")
    code = f"os.environ['FORERUN_CACHE_DIR'] = {str(tmp_path / 'cache')!r}\n"
    code += "from forerun.commands.main import forerun\nsys.exit(forerun(sys.argv[1:]))"
    done = on_a_bare_system(code, *arguments, folder=tmp_path)
    assert "Traceback" not in done.stderr
    assert "ran" not in done.stdout
    assert done.returncode in (2, 3)
    assert len(done.stderr.splitlines()) == 1
    assert "Linux" in done.stderr


@pytest.mark.parametrize(
    "name",
    ["con", "Nul.txt", "COM1", "lpt9.log.gz", "COM\u00b9", "com\u00b2.txt", "LPT\u00b3", "CONIN$", "conout$",
     "conout$.x", "aux .c", "a.", "a ", "a:b", "a\\b", "a*"],
)  # fmt: skip
def test_names_of_devices_are_no_names_on_windows(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(FileRefused, match="is no name of a file on Windows"):
        checked_path(str(tmp_path), [name])


@pytest.mark.parametrize("name", ["icon", "com", "COM10", "com\u2074", "lpt", "nul_", "CONIN", "$", "a.con", "\u00b9"])
def test_other_names_are(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    assert checked_path(str(tmp_path), [name]) == str(tmp_path / name)
