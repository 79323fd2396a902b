"""The store is ours alone, whoever made what; a copy of a layer shares nothing with it; --refresh asks anew."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import forerun
from forerun.resolver.findings import Requirement
from forerun.resolver.source import from_code
from forerun.runner.captured import Captured
from forerun.runner.errors import StoreError
from forerun.runner.installer import Uv
from forerun.runner.interpreter import this_interpreter
from forerun.runner.layer import Layers
from forerun.runner.observer import Observer
from forerun.runner.private_copy import copy_layer
from forerun.runner.request import Request
from forerun.runner.run import run_source
from forerun.runner.store import FOLDERS, open_store

SIX = Requirement("six", "curated", specifier="==1.16.0")


def replaced_by_link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to(path.with_name("moved"))


def replaced_by_file(path: Path) -> None:
    path.rmdir()
    path.touch()


REFUSED: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "the folder, writable by a group": ("", lambda path: path.chmod(0o770), "can be written to by others"),
    "the folder, writable by all": ("", lambda path: path.chmod(0o777), "can be written to by others"),
    "the root, readable by others": ("1", lambda path: path.chmod(0o755), "can be read by others"),
    "the root, a link": ("1", replaced_by_link, "is not a folder, or a link to one"),
    "layers, writable": ("1/layers", lambda path: path.chmod(0o770), "can be written to by others, in 1/layers"),
    "resolutions, writable": ("1/resolutions", lambda path: path.chmod(0o702), "written to by others"),
    "locks, a link": ("1/locks", replaced_by_link, "1/locks in it is not a folder, or a link"),
    "runs, a file": ("1/runs", replaced_by_file, "1/runs in it is not a folder"),
    "building, readable": ("1/building", lambda path: path.chmod(0o750), "can be read by others"),
}


@pytest.mark.parametrize(("name", "change", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_a_store_that_is_not_ours_alone_is_refused(
    name: str, change: Callable[[Path], object], said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    open_store(str(folder))
    change(folder / name)
    with pytest.raises(StoreError) as caught:
        open_store(str(folder))
    assert said in str(caught.value)
    assert "set FORERUN_CACHE_DIR" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("name", ["", "1", *(f"1/{each}" for each in FOLDERS)])
def test_each_part_of_the_store_must_be_ours(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    open_store(str(folder))
    os.chown(folder / name, 65534, 65534)
    with pytest.raises(StoreError, match="belongs to another user"):
        open_store(str(folder))


def test_a_folder_that_others_may_read_holds_a_store_that_they_may_not(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o755)
    open_store(str(tmp_path / "mine"))
    for name in ("1", *(f"1/{each}" for each in FOLDERS)):
        assert (tmp_path / "mine" / name).stat().st_mode & 0o777 == 0o700


def test_folders_made_on_the_way_are_private(tmp_path: Path) -> None:
    open_store(str(tmp_path / "a" / "b" / "store"))
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "a", tmp_path / "a" / "b")] == [0o700, 0o700]


def test_what_is_missing_in_a_store_is_made_again(tmp_path: Path) -> None:
    open_store(str(tmp_path / "store"))
    (tmp_path / "store" / "1" / "trash").rmdir()
    (tmp_path / "store" / "1" / "layers").rmdir()
    open_store(str(tmp_path / "store"))
    assert sorted(os.listdir(tmp_path / "store" / "1")) == sorted(FOLDERS)


class Counting(Uv):
    """The real installer, which counts how often it is asked."""

    locked = 0

    def lock(self, *arguments: object, **options: object) -> str:
        type(self).locked += 1
        return super().lock(*arguments, **options)  # type: ignore[arg-type]


def layer_path(make: Callable[[], Uv], *, is_refreshed: bool = False) -> str:
    with Layers(open_store(), this_interpreter(), make, lambda: None, is_refreshed=is_refreshed) as layers:
        return layers.layer_for([SIX], Observer()).path


@pytest.mark.network
def test_refresh_asks_the_index_whatever_is_remembered(cache_dir: Path) -> None:
    class Counted(Counting):
        locked = 0

    first = layer_path(Counted)
    asked = Counted.locked
    assert layer_path(Counted) == first
    assert Counted.locked == asked
    assert layer_path(lambda: Counted(is_refreshed=True), is_refreshed=True) == first
    assert Counted.locked == asked + 1
    assert layer_path(Counted) == first
    assert Counted.locked == asked + 1


@pytest.mark.network
def test_a_layer_that_vanished_is_built_again(cache_dir: Path) -> None:
    path = layer_path(Uv)
    shutil.rmtree(path)
    assert layer_path(Uv) == path
    assert list(Path(path).rglob("six.py"))


@pytest.mark.network
def test_a_use_is_noted_and_the_time_of_building_kept(cache_dir: Path) -> None:
    path = Path(layer_path(Uv))
    built = (path / "pyvenv.cfg").stat().st_mtime
    os.utime(path, (1, 1))
    layer_path(Uv)
    assert time.time() - path.stat().st_mtime < 60
    assert (path / "pyvenv.cfg").stat().st_mtime == built


def run_copied(code: str, **changes: object) -> forerun.RunResult:
    return run_source(from_code(code), Request(isolation="copy").replace(**changes), Captured())


@pytest.mark.network
def test_a_copied_environment_is_the_runs_own(cache_dir: Path) -> None:
    code = (
        "import iniconfig, os, sys\npath = iniconfig.__file__\n"
        "status = os.stat(path)\nopen(path, 'a').write('\\nTOUCHED = True\\n')\n"
        "[path.startswith(sys.prefix), status.st_nlink, iniconfig.__spec__.origin]"
    )
    for _ in range(2):
        result = run_copied(code)
        assert isinstance(result, forerun.Succeeded), result.error
        assert result.value is not None
        assert result.value.data[:2] == [True, 1]
    shared = forerun.run("import iniconfig\n[hasattr(iniconfig, 'TOUCHED'), iniconfig.__file__]")
    assert isinstance(shared, forerun.Succeeded), shared.error
    assert shared.value is not None
    assert shared.value.data[0] is False
    assert "/layers/" in shared.value.data[1]


@pytest.mark.network
def test_programs_of_a_copied_environment_run_its_interpreter(cache_dir: Path) -> None:
    code = (
        "import charset_normalizer, shutil, subprocess, sys\n"
        "subprocess.run(['normalizer', '--version'], check=True)\nshutil.which('normalizer').startswith(sys.prefix)"
    )
    result = run_copied(code)
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.value.data is True


def test_a_copy_without_dependencies_is_a_plain_run(cache_dir: Path) -> None:
    assert run_copied("1").status == "success"


def test_a_copy_is_the_same_and_shares_nothing(tmp_path: Path) -> None:
    layer, root = tmp_path / "layer", tmp_path / "root"
    (layer / "lib" / "deep").mkdir(parents=True)
    (layer / "bin").mkdir()
    (layer / "pyvenv.cfg").write_text("the layer's")
    (layer / "compiled").touch()
    (layer / "lib" / "deep" / "a.py").write_text("x = 1")
    (layer / "lib" / "link.py").symlink_to("deep/a.py")
    (layer / "bin" / "python").symlink_to("/usr/bin/python3")
    (layer / "bin" / "run").write_text("#!/bin/sh\n")
    (layer / "bin" / "run").chmod(0o755)
    os.utime(layer / "lib" / "deep" / "a.py", (1000, 2000))
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "python").symlink_to("/its/own")
    (root / "pyvenv.cfg").write_text("the run's")
    copy_layer(str(layer), str(root))
    copied = root / "lib" / "deep" / "a.py"
    assert copied.read_text() == "x = 1"
    assert copied.stat().st_mtime == 2000
    assert not copied.samefile(layer / "lib" / "deep" / "a.py")
    assert os.readlink(root / "lib" / "link.py") == "deep/a.py"
    assert (root / "bin" / "run").stat().st_mode & 0o777 == 0o755
    assert os.readlink(root / "bin" / "python") == "/its/own"
    assert (root / "pyvenv.cfg").read_text() == "the run's"
    assert not (root / "compiled").exists()
