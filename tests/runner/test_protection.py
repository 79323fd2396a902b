"""What a script run through the server does to its installed files must not reach the next run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import forerun
from forerun.runner import mount, protection
from forerun.runner.fingerprint import fingerprint
from forerun.runner.landlock import is_bearable
from forerun.runner.request import Request
from forerun.runner.store import open_store

BEGIN = "import iniconfig, os, pathlib, shutil\nfile = iniconfig.__file__\nlayer = pathlib.Path(file).parents[4]\n"
SHOW = "import iniconfig\n[getattr(iniconfig, 'TOUCHED', False), len(iniconfig.__all__) > 0, iniconfig.__file__]"

ATTACKS = {
    "overwrites a module": "open(file, 'w').write('TOUCHED = True; __all__ = [1]')",
    "appends to a module": "open(file, 'a').write('\\nTOUCHED = True\\n')",
    "changes modes and writes": "os.chmod(file, 0o666); open(file, 'a').write('\\nTOUCHED = True\\n')",
    "replaces a module": "open(file + '.new', 'w').write('TOUCHED = True'); os.replace(file + '.new', file)",
    "cuts a module off": "os.truncate(file, 0)",
    "removes a module": "os.remove(file)",
    "removes all": "shutil.rmtree(os.path.dirname(file))",
    "renames the layer": "layer.rename(layer.parent / 'elsewhere')",
    "puts another layer in place": "layer.rename(str(layer) + '-old'); shutil.copytree(str(layer) + '-old', layer, "
    "symlinks=True); open(file, 'a').write('\\nTOUCHED = True\\n')",
    "adds bytecode": "import py_compile; source = file + 'x'; open(layer / 'x.py', 'w').write('TOUCHED = True'); "
    "py_compile.compile(str(layer / 'x.py'), iniconfig.__cached__)",
    "adds a module that starts by itself": "(layer / 'lib').rename(layer / 'bil')",
    "takes all rights away": "os.chmod(layer, 0)",
    "links a module to its own": "os.remove(file); os.symlink('/dev/null', file)",
}


def run(code: str, folder: Path, **options: object) -> forerun.RunResult:
    options.setdefault("mount", ("/working", folder))
    return forerun.run(code, folder="/working", protects_store=True, environment=dict(os.environ), **options)  # type: ignore[arg-type]


@pytest.fixture(params=["namespace", "fingerprint"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param != "namespace":
        monkeypatch.setenv("FORERUN_NO_NAMESPACES", "1")
    return str(request.param)


@pytest.mark.network
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_what_a_script_does_to_its_layer_does_not_reach_the_next_run(
    attack: str, way: str, cache_dir: Path, tmp_path: Path
) -> None:
    attacked = run(BEGIN + attack, tmp_path)
    assert attacked.dependencies, attacked.error
    if way == "namespace":
        assert attacked.status == "run-error"
        assert "Read-only file system" in attacked.error
        assert attacked.notes == ()
    else:
        assert attacked.notes == (protection.CHANGED,)
    following = run(SHOW, tmp_path)
    assert isinstance(following, forerun.Succeeded), following.error
    assert following.value is not None
    assert following.value.data[:2] == [False, True]
    assert following.notes == ()


@pytest.mark.network
def test_a_script_that_leaves_its_layer_alone_is_not_accused(way: str, cache_dir: Path, tmp_path: Path) -> None:
    places = set()
    for _ in range(2):
        result = run(SHOW, tmp_path)
        assert isinstance(result, forerun.Succeeded), result.error
        assert result.value is not None
        assert result.notes == ()
        places.add(result.value.data[2])
    assert len(places) == 1


@pytest.mark.network
def test_nothing_else_in_the_store_can_be_written_to(cache_dir: Path, tmp_path: Path) -> None:
    code = (
        f"import os\nstore = {str(cache_dir)!r}\nrefused = []\n"
        "for name in ('.', '1', '1/layers', '1/resolutions', '1/locks', '1/runs', '1/building', '1/trash'):\n"
        "    try:\n        open(os.path.join(store, name, 'x'), 'w')\n"
        "    except OSError as error:\n        refused.append(error.errno)\n"
        "refused == [30] * 8"
    )
    result = run(code, tmp_path)
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.value.data is True


def test_the_store_is_closed_by_every_path_that_leads_to_it(cache_dir: Path) -> None:
    open_store()
    # The folder that the script sees as /working holds the store.
    code = "import os, pathlib\nopen('free', 'w').close(); os.remove('free')\nopen('forerun/1/layers/x', 'w')"
    result = run(code, cache_dir.parent)
    assert result.status == "run-error"
    assert "Read-only file system" in result.error


def test_what_the_script_needs_is_its_own(way: str, cache_dir: Path, tmp_path: Path) -> None:
    code = (
        "import os, sys, tempfile\n"
        "open(os.path.join(sys.prefix, 'mine'), 'w').close()\n"
        "open('kept', 'w').close()\n"
        "tempfile.NamedTemporaryFile().close()\n"
        "os.path.exists(os.path.join(sys.prefix, 'mine'))"
    )
    result = run(code, tmp_path)
    assert isinstance(result, forerun.Succeeded), result.error
    assert (tmp_path / "kept").exists()


def test_without_a_mount_the_store_is_closed_too(cache_dir: Path) -> None:
    store = open_store().folder
    result = forerun.run(f"open({store!r} + '/x', 'w')", protects_store=True)
    assert result.status == "run-error"
    assert "Read-only file system" in result.error
    allowed = forerun.run(f"open({store!r} + '/x', 'w').close()")
    assert allowed.status == "success"
    Path(store, "x").unlink()


@pytest.mark.network
def test_a_layer_is_compiled_although_the_script_cannot_write_to_it(cache_dir: Path, tmp_path: Path) -> None:
    code = "import time, iniconfig, os\ntime.sleep(3)\niniconfig.__file__"
    for _ in range(20):
        result = run(code, tmp_path)
        assert isinstance(result, forerun.Succeeded), result.error
        assert result.value is not None
        layer = Path(result.value.data).parents[4]
        if (layer / "compiled").exists():
            return
    pytest.fail("the layer was never compiled")


LANDLOCKED = """\
import os, sys
sys.path.insert(0, sys.argv[1])
from forerun.runner.landlock import close_folder
closed, opened, free = sys.argv[2:]
close_folder(closed, opened)
open(os.path.join(opened, "x"), "w").close()
open(os.path.join(free, "x"), "w").close()
os.rename(os.path.join(free, "x"), os.path.join(opened, "y"))
for path in ("file", "folder/file"):
    full = os.path.join(closed, path)
    for act in (lambda: open(full, "w"), lambda: os.remove(full), lambda: os.truncate(full, 0),
                lambda: open(full + "2", "w"), lambda: os.rename(full, os.path.join(opened, "z")),
                lambda: os.rename(closed, closed + "2"), lambda: os.symlink("x", full + "3")):
        try:
            act()
        except PermissionError:
            continue
        except OSError as error:
            assert error.errno == 18, error
            continue
        raise SystemExit(f"{path} was changed")
print(open(os.path.join(closed, "file")).read())
"""


@pytest.fixture
def aside() -> Iterator[Path]:
    """A folder on whose way there is nobody's working place."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    yield folder
    shutil.rmtree(folder)


def has_landlock() -> bool:
    import ctypes

    return sys.platform == "linux" and bool(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) >= 3)


landlock = pytest.mark.skipif(not has_landlock(), reason="this kernel has no Landlock that covers cutting files off")


@landlock
def test_landlock_closes_a_folder_and_leaves_the_rest(aside: Path, tmp_path: Path) -> None:
    (aside / "store" / "folder").mkdir(parents=True)
    (aside / "store" / "runs").mkdir()
    (aside / "store" / "file").write_text("kept")
    (aside / "store" / "folder" / "file").write_text("kept")
    root = str(Path(forerun.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", LANDLOCKED, root, aside / "store", aside / "store" / "runs", tmp_path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "kept\n", "")


@landlock
@pytest.mark.network
@pytest.mark.parametrize("attack", ["overwrites a module", "removes a module", "renames the layer"])
def test_landlock_guards_a_run_where_namespaces_are_not_to_be_had(
    attack: str, aside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(aside / "cache"))
    monkeypatch.setenv("FORERUN_NO_NAMESPACES", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    result = run(BEGIN + ATTACKS[attack], tmp_path)
    assert result.status == "run-error"
    assert "Permission denied" in result.error
    assert result.notes == ()
    assert run(SHOW, tmp_path).status == "success"


def test_where_landlock_would_take_a_working_place_away_it_is_not_used() -> None:
    assert is_bearable("/var/cache/forerun", ["/home/joe", "/tmp", "/work"])
    for place in ("/home/joe", "/home", "/home/joe/.cache", "/"):
        assert not is_bearable("/home/joe/.cache/forerun", ["/tmp", place])
    assert is_bearable("/home/joe/.cache/forerun", ["/home/joel", "/home/joe/.cache/forerun2"])


def test_each_way_is_tried_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mount, "_can_mount", True)
    monkeypatch.setattr(protection, "_has_landlock", True)
    monkeypatch.delenv("FORERUN_NO_NAMESPACES", raising=False)
    asked = Request(protects_store=True, folder=str(tmp_path))
    assert protection.way_for(Request(), "/var/cache/x") == ""
    assert protection.way_for(asked, "/var/cache/x") == "namespace"
    mount.give_up_mounting()
    monkeypatch.setattr(mount, "_bubblewrap", "/usr/bin/bwrap")
    assert protection.way_for(asked, "/var/cache/x") == "namespace"
    monkeypatch.setattr(mount, "_bubblewrap", "")
    assert protection.way_for(asked, "/var/cache/x") == "landlock"
    assert protection.way_for(asked, str(tmp_path / "cache")) == "fingerprint"
    protection.give_up_landlock()
    assert protection.way_for(asked, "/var/cache/x") == "fingerprint"


CHANGES = {
    "content": lambda folder: (folder / "a" / "m.py").write_text("y = 1"),
    "same content again": lambda folder: (folder / "a" / "m.py").write_text("x = 1"),
    "mode": lambda folder: (folder / "a" / "m.py").chmod(0o600),
    "mode of the root": lambda folder: folder.chmod(0o750),
    "new file": lambda folder: (folder / "a" / "n.py").touch(),
    "removed file": lambda folder: (folder / "a" / "m.py").unlink(),
    "renamed file": lambda folder: (folder / "a" / "m.py").rename(folder / "a" / "n.py"),
    "new folder": lambda folder: (folder / "b").mkdir(),
    "content with the times set back": lambda folder: _rewrite(folder / "a" / "m.py"),
}


def _rewrite(path: Path) -> None:
    status = path.stat()
    path.write_text("z = 1")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_fingerprint_notices(change: object, tmp_path: Path) -> None:
    folder = tmp_path / "layer"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "m.py").write_text("x = 1")
    before = fingerprint(str(folder))
    assert fingerprint(str(folder)) == before
    assert callable(change)
    change(folder)
    assert fingerprint(str(folder)) != before


def test_a_fingerprint_ignores_what_we_write_ourselves(tmp_path: Path) -> None:
    (tmp_path / "m.py").touch()
    before = fingerprint(str(tmp_path))
    for name in ("compiled", "measured"):
        (tmp_path / name).touch()
    assert fingerprint(str(tmp_path)) == before
    assert fingerprint(str(tmp_path / "nothing")) == ""
