"""`--download-python`: uv fetches an interpreter from an archive that the test packs, and the script runs by it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from forerun.runner.interpreter import Interpreter, this_interpreter
from forerun.runner.interpreters import installed
from forerun.runner.store import open_store

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]
Variables = dict[str, str]

LEFT_OUT = {"__pycache__", "site-packages", "test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3"}
"""Most of an interpreter's library, and none of what these scripts need."""

SHOW = "import sys\nprint(sys.version.split()[0])\nprint(sys.base_prefix)\n"


def without(part: str) -> str:
    """Return the folders of PATH in which nothing is named as a Python is, with those of our own programs."""
    folders = [each for each in os.environ["PATH"].split(os.pathsep) if part not in each]
    return os.pathsep.join(each for each in folders if not list(Path(each).glob("python3*"))) or os.defpath


@pytest.fixture(scope="module")
def packed(cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Interpreter, Path]:
    """An interpreter of another version than ours, and the archive that has it as uv's own archives do."""
    if not sys.platform.startswith("linux"):
        pytest.skip("uv's archives of other systems are laid out in other ways")
    others = [
        each for each in installed(open_store(str(cache_dir))) if each.version[:2] != this_interpreter().version[:2]
    ]
    folder = tmp_path_factory.mktemp("archive")
    for other in others:
        archive = folder / f"cpython-{other.release}-install_only.tar.gz"
        pack(other, archive)
        if runs_elsewhere(archive, folder / "tried", other):
            return other, archive
    pytest.skip("there is no other Python here that runs from another folder")


def pack(interpreter: Interpreter, archive: Path) -> None:
    root = Path(interpreter.path).parent.parent
    name = f"python{interpreter.version[0]}.{interpreter.version[1]}"
    with tarfile.open(archive, "w:gz", compresslevel=1) as file:
        file.add(interpreter.path, f"python/bin/{name}")
        for each in (root / "lib").glob("libpython*"):
            if not each.is_dir():
                file.add(each, f"python/lib/{each.name}")
        file.add(root / "lib" / name, f"python/lib/{name}", filter=kept)


def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = member.name.split("/")
    return None if LEFT_OUT & set(parts) or any(part.startswith("config-") for part in parts) else member


def runs_elsewhere(archive: Path, folder: Path, interpreter: Interpreter) -> bool:
    """Whether what was packed starts from where it is unpacked: not all builds can be moved."""
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="tar")
    program = folder / "python" / "bin" / f"python{interpreter.version[0]}.{interpreter.version[1]}"
    asked = [str(program), "-I", "-c", "import sys; print(sys.base_prefix)"]
    shown = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    is_right = bool(shown) and os.path.samefile(shown, folder / "python")
    shutil.rmtree(folder)
    return is_right


@pytest.fixture
def offered(packed: tuple[Interpreter, Path], tmp_path: Path) -> Variables:
    """Variables by which uv finds the archive, and nobody the interpreter that was packed."""
    interpreter, archive = packed
    listed = tmp_path / "downloads.json"
    listed.write_text(json.dumps(metadata(interpreter, archive)))
    return {
        **os.environ,
        "PATH": without("pyenv"),
        "PYENV_ROOT": str(tmp_path / "no-pyenv"),
        "FORERUN_CACHE_DIR": str(tmp_path / "cache"),
        "UV_PYTHON_DOWNLOADS_JSON_URL": str(listed),
        "UV_PYTHON_INSTALL_DIR": str(tmp_path / "pythons"),
    }


def metadata(interpreter: Interpreter, archive: Path) -> dict[str, dict[str, object]]:
    """Return what uv wants to know of an archive."""
    major, minor, patch = interpreter.version
    libc = "gnu" if platform.libc_ver()[0] == "glibc" else "musl"
    return {
        f"cpython-{interpreter.release}-linux-{platform.machine()}-{libc}": {
            "name": "cpython",
            "arch": {"family": platform.machine(), "variant": None},
            "os": "linux",
            "libc": libc,
            "major": major,
            "minor": minor,
            "patch": patch,
            "prerelease": "",
            "url": archive.as_uri(),
            "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
            "variant": None,
            "build": None,
        }
    }


def test_what_no_interpreter_here_fits_is_fetched_and_used_from_then_on(
    packed: tuple[Interpreter, Path], offered: Variables, run_forerun: Forerun, tmp_path: Path
) -> None:
    wanted = packed[0].release
    (tmp_path / "job.py").write_text(SHOW)
    before = run_forerun("run", "--python", wanted, "job.py", env=offered)
    assert (before.returncode, before.stdout) == (3, "")
    assert f"there is no Python {wanted} on this machine" in before.stderr
    assert "--download-python" in before.stderr
    done = run_forerun("run", "--download-python", "--python", wanted, "job.py", env=offered)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n")[0] == wanted
    assert done.stdout.split("\n")[1].startswith(f"{tmp_path}/pythons/")
    # Nothing is asked to fetch it again, and uv is not even started for it.
    again = run_forerun("run", "--python", wanted, "job.py", env={**offered, "UV_PYTHON_DOWNLOADS_JSON_URL": "/gone"})
    assert (again.returncode, again.stdout, again.stderr) == (0, done.stdout, "")


def test_what_a_script_requires_is_fetched(
    packed: tuple[Interpreter, Path], offered: Variables, run_forerun: Forerun, tmp_path: Path
) -> None:
    major, minor, _ = packed[0].version
    block = f"# /// script\n# requires-python = '=={major}.{minor}.*'\n# ///\n"
    (tmp_path / "job.py").write_text(block + SHOW)
    assert run_forerun("job.py", env=offered).returncode == 3
    done = run_forerun("run", "--download-python", "job.py", env=offered)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n")[0] == packed[0].release


def test_nothing_is_fetched_where_one_fits(offered: Variables, run_forerun: Forerun, tmp_path: Path) -> None:
    ours = this_interpreter()
    (tmp_path / "job.py").write_text(SHOW)
    done = run_forerun("run", "--download-python", "--python", ours.release, "job.py", env=offered)
    assert (done.returncode, done.stdout.split("\n")[0], done.stderr) == (0, ours.release, "")
    assert not (tmp_path / "pythons").exists()


@pytest.mark.network
def test_it_gets_its_own_distributions(
    packed: tuple[Interpreter, Path], offered: Variables, run_forerun: Forerun, tmp_path: Path
) -> None:
    (tmp_path / "job.py").write_text(f"import six\n{SHOW}print(six.__name__)\n")
    done = run_forerun("run", "--download-python", "--python", packed[0].release, "job.py", env=offered)
    assert (done.returncode, done.stdout.split("\n")[2], done.stderr) == (0, "six", "")


FAILURES = {
    "another file than was promised": ({"sha256": "0" * 64}, {}, "Hash mismatch"),
    "no file": ({"url": "file:///no/such/python.tar.gz"}, {}, "/no/such/python.tar.gz"),
    "no such version": ({"patch": 99}, {}, "No download found"),
    "a person's settings forbid it": ({}, {"UV_PYTHON_DOWNLOADS": "never"}, "downloads are not allowed"),
    "a person's settings hide it": ({}, {"UV_NO_MANAGED_PYTHON": "1"}, "keep it out of its list"),
}


@pytest.mark.parametrize(("changed", "variables", "said"), FAILURES.values(), ids=FAILURES.keys())
def test_why_it_cannot_be_had_is_said_in_a_line(
    changed: Variables,
    variables: Variables,
    said: str,
    packed: tuple[Interpreter, Path],
    offered: Variables,
    run_forerun: Forerun,
    tmp_path: Path,
) -> None:
    [(key, facts)] = metadata(*packed).items()
    (tmp_path / "downloads.json").write_text(json.dumps({key: {**facts, **changed}}))
    (tmp_path / "job.py").write_text(SHOW)
    wanted = packed[0].release
    done = run_forerun("run", "--download-python", "--python", wanted, "job.py", env={**offered, **variables})
    assert (done.returncode, done.stdout) == (3, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
