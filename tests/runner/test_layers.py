"""Requirements -> layers: what they are keyed by, when an installer is asked, and what is in them."""

from __future__ import annotations

import marshal
import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import pytest

import forerun
from forerun.resolver.findings import Requirement
from forerun.resolver.trust import policy
from forerun.runner.bytecode import early_command
from forerun.runner.environment import Environment
from forerun.runner.errors import InstallError, StoreError
from forerun.runner.found_layer import Layer
from forerun.runner.installer import Uv
from forerun.runner.interpreter import Interpreter, this_interpreter
from forerun.runner.layer import Layers
from forerun.runner.lock_form import locked_distributions
from forerun.runner.lock_request import LockRequest, lock_request
from forerun.runner.observer import Observer
from forerun.runner.store import open_store

SIX = Requirement("six", "curated", specifier="==1.16.0")


class Counting(Uv):
    """The real installer, which counts how often it is asked."""

    locked = 0
    installed = 0

    def lock(self, wanted: LockRequest, python: str, folder: str, *, is_for_people: bool = False) -> str:
        type(self).locked += 1
        return super().lock(wanted, python, folder)

    def install(self, lock: str, python: str, folder: str, meanwhile: Sequence[str] = ()) -> None:
        type(self).installed += 1
        super().install(lock, python, folder, meanwhile)


class Offline(Uv):
    """An installer without a network."""

    def lock(self, wanted: LockRequest, python: str, folder: str, *, is_for_people: bool = False) -> str:
        raise InstallError(wanted.requirements, "the package index cannot be reached", is_offline=True)


def no_installer() -> Uv:
    raise AssertionError("a remembered resolution needs no installer")


def layers(make: Callable[[], Uv], interpreter: Interpreter | None = None) -> Layers:
    return Layers(open_store(), interpreter or this_interpreter(), make, lambda: None)


@pytest.fixture
def counted() -> type[Counting]:
    class Fresh(Counting):
        locked = installed = 0

    return Fresh


@pytest.fixture
def six() -> Layer:
    """The layer of six, built once a session."""
    return layers(Uv).layer_for([SIX], Observer())


def resolution_files() -> list[Path]:
    return list(Path(open_store().path("resolutions")).iterdir())


def test_no_requirements_need_no_layer() -> None:
    assert layers(no_installer).layer_for([], Observer()) == Layer()


def test_path_files_of_a_layer_are_obeyed_once(cache_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "layer" / this_interpreter().site_packages
    folder.mkdir(parents=True)
    (folder / "told.pth").write_text("import sys; print('obeyed')\n")
    (folder / "there.py").touch()
    with Environment(open_store(str(cache_dir)), this_interpreter()) as environment:
        environment.populate(str(tmp_path / "layer"))
        asked = [environment.python, "-c", "import sys, there; print(sys.path.count(sys.argv[1]))", str(folder)]
        done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert done.stdout == "obeyed\n1\n"


@pytest.mark.network
def test_a_remembered_resolution_starts_no_installer(six: Layer) -> None:
    assert layers(no_installer).layer_for([SIX], Observer()) == six
    assert [str(each) for each in six.distributions] == ["six==1.16.0"]


@pytest.mark.network
def test_the_key_knows_requirements_and_interpreter(six: Layer, counted: type[Counting]) -> None:
    other = layers(counted).layer_for([SIX.replace(specifier="==1.15.0")], Observer())
    assert other.path != six.path
    installed = counted.installed
    # The same lock by another requirement: looked up, but nothing is installed a second time.
    same = layers(counted).layer_for([SIX.replace(specifier="<1.17,>=1.16")], Observer())
    assert same == six
    assert (counted.locked, counted.installed) == (2, installed)
    here = this_interpreter()
    later = Interpreter(here.path, (here.version[0], here.version[1], here.version[2] + 1), here.tag)
    with pytest.raises(AssertionError, match="needs no installer"):
        layers(no_installer, later).layer_for([SIX], Observer())
    with pytest.raises(AssertionError, match="needs no installer"):
        layers(no_installer).layer_for([SIX.replace(specifier="<1.17,>=1.16", level="declared")], Observer())


@pytest.mark.network
def test_the_key_knows_the_settings_of_the_index(six: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_INDEX_STRATEGY", "first-index")
    with pytest.raises(AssertionError, match="needs no installer"):
        layers(no_installer).layer_for([SIX], Observer())


@pytest.mark.network
def test_an_expired_resolution_is_asked_for_again(six: Layer, counted: type[Counting]) -> None:
    for path in resolution_files():
        os.utime(path, (time.time() - 30 * 24 * 3600,) * 2)
    assert layers(counted).layer_for([SIX], Observer()) == six
    assert (counted.locked, counted.installed) == (1, 0)
    assert layers(no_installer).layer_for([SIX], Observer()) == six


@pytest.mark.network
def test_without_a_network_an_expired_resolution_will_do(six: Layer) -> None:
    for path in resolution_files():
        os.utime(path, (time.time() - 30 * 24 * 3600,) * 2)
    assert layers(Offline).layer_for([SIX], Observer()) == six
    with pytest.raises(InstallError, match="cannot be reached"):
        layers(Offline).layer_for([SIX.replace(specifier="==1.14.0")], Observer())


@pytest.mark.network
def test_two_at_once_build_a_layer_once(counted: type[Counting]) -> None:
    found: list[Layer] = []
    wanted = [Requirement("sortedcontainers", "curated")]
    threads = [
        threading.Thread(target=lambda: found.append(layers(counted).layer_for(wanted, Observer()))) for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert (counted.locked, counted.installed) == (1, 1)


@pytest.mark.network
def test_the_files_of_a_layer_are_its_own(six: Layer) -> None:
    files = [path for path in Path(six.path).rglob("*") if path.is_file() and not path.is_symlink()]
    assert any(path.name == "six.py" for path in files)
    assert {path.stat().st_nlink for path in files} == {1}
    assert Path(open_store().folder).stat().st_mode & 0o077 == 0


@pytest.mark.network
def test_a_distribution_without_wheels_is_built_where_it_is_curated() -> None:
    result = forerun.run("import docopt\ndocopt.__version__")
    assert isinstance(result, forerun.Succeeded), result.error
    assert [each.name for each in result.dependencies] == ["docopt"]


@pytest.mark.network
def test_a_distribution_without_wheels_is_not_built_on_a_guess() -> None:
    wanted = lock_request([Requirement("docopt", "popular")], policy(no_build=True))
    with pytest.raises(InstallError) as caught:
        Uv().lock(wanted, this_interpreter().path, str(open_store().path("building")))
    os.unlink(open_store().path("building", "requirements.in"))
    assert "docopt" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_who_may_be_built() -> None:
    given = [Requirement("some-declared-thing", "declared"), Requirement("some-popular-thing", "popular")]
    names = ("docopt", "some-declared-thing", "some-popular-thing", "zq")

    def built(**options: Any) -> list[str]:
        return [name for name in names if lock_request(given, policy(**options)).may_build(name)]

    assert built() == ["docopt", "some-declared-thing"]
    assert built(allow_build=["ZQ"]) == ["docopt", "some-declared-thing", "zq"]
    assert built(no_build=True) == []
    assert built(no_build=True, allow_build=["some_popular_thing"]) == ["some-popular-thing"]


@pytest.mark.network
def test_what_cannot_be_had_is_said_in_a_sentence() -> None:
    result = forerun.run("1", dependencies=["six==99.0"])
    assert isinstance(result, forerun.InstallFailed)
    assert result.error.startswith("cannot install six==99.0: ")
    assert "\n" not in result.error
    assert "hint" not in result.error


def test_capped_requirements_come_first() -> None:
    given = [
        Requirement("a", "curated"),
        Requirement("b", "curated", specifier=">=2"),
        Requirement("c", "curated", specifier="<3"),
        Requirement("d", "curated", specifier="~=1.0"),
    ]
    assert lock_request(given, policy()).requirements == ("c<3", "d~=1.0", "a", "b>=2")


LOCK = """\
--only-binary :all:

# by uv
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:00==
six==1.16.0 \\
    --hash=sha256:11 \\
    --hash=sha256:22
tomli==2.0.1
"""


def test_a_lock_names_its_distributions() -> None:
    assert [str(each) for each in locked_distributions(LOCK)] == ["colorama==0.4.6", "six==1.16.0", "tomli==2.0.1"]
    assert locked_distributions("") == ()


@pytest.mark.network
def test_programs_of_a_layer_run(tmp_path: Path) -> None:
    code = "import subprocess, requests\nsubprocess.run(['normalizer', '--version'], check=True)"
    result = forerun.run(code)
    assert isinstance(result, forerun.Succeeded), result.error
    assert "Charset-Normalizer" in result.stdout
    assert "normalizer" not in {each.name for each in result.dependencies}


@pytest.mark.network
def test_python_on_the_path_is_the_environments() -> None:
    code = (
        "import subprocess, sys, six\n"
        "subprocess.run(['python', '-c', 'import six, sys; print(sys.prefix)'], check=True)\nsys.prefix"
    )
    result = forerun.run(code)
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.stdout.strip() == result.value.data


def test_the_packages_of_the_base_interpreter_are_not_seen() -> None:
    code = "import sys, importlib.util as u\n[u.find_spec(n) is None for n in ('pytest', 'mypy', 'forerun')]"
    result = forerun.run(code)
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.value.data == [True] * 3


@pytest.mark.network
def test_a_layer_is_compiled_while_scripts_run_and_its_bytecode_is_used() -> None:
    code = "import time, attr, attrs\ntime.sleep({})\n[attr.__cached__, attr.__file__]"
    until = time.monotonic() + 120
    while True:
        result = forerun.run(code.format(2))
        assert isinstance(result, forerun.Succeeded), result.error
        assert result.value is not None
        cached, source = map(Path, result.value.data)
        layer = next(each for each in source.parents if each.parent.name == "layers")
        if (layer / "compiled").exists():
            break
        assert time.monotonic() < until
    assert cached.exists()
    stamp = cached.stat().st_mtime_ns
    modules = list(source.parent.rglob("*.py"))
    assert len(list(source.parent.rglob("*.pyc"))) >= len(modules)
    result = forerun.run(code.format(0))
    assert result.status == "success"
    assert cached.stat().st_mtime_ns == stamp
    assert not list(layer.rglob("*.pyc.*"))


def test_what_is_compiled_before_a_layer_has_its_name_shows_the_name(tmp_path: Path) -> None:
    root, layer, interpreter = tmp_path / "building", tmp_path / "layer", this_interpreter()
    package = root / interpreter.site_packages / "pkg" / "inner"
    package.mkdir(parents=True)
    (package / "module.py").write_text("x = 1\n")
    (package.parent.parent / "single.py").write_text("x = 1\n")
    subprocess.run(early_command(str(root), str(layer), str(tmp_path), interpreter), check=True)
    assert not (root / "compiled").exists(), "it is yet to be checked"
    for path in ("pkg/inner/module.py", "single.py"):
        cached = cache_from_source(str(root / interpreter.site_packages / path))
        code = marshal.loads(Path(cached).read_bytes()[16:])
        assert code.co_filename == str(layer / interpreter.site_packages / path)


def test_bytecode_that_a_distribution_brings_is_left_as_it_is_while_it_is_checked(tmp_path: Path) -> None:
    interpreter = this_interpreter()
    site_packages = tmp_path / "building" / interpreter.site_packages
    brought = Path(cache_from_source(str(site_packages / "module.py")))
    brought.parent.mkdir(parents=True)
    (site_packages / "module.py").write_text("x = 1\n")
    brought.write_bytes(b"as it is listed")
    command = early_command(str(tmp_path / "building"), str(tmp_path / "layer"), str(tmp_path), interpreter)
    subprocess.run(command, check=True)
    assert brought.read_bytes() == b"as it is listed"


def test_a_store_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    open_store(str(tmp_path / "mine"))
    (tmp_path / "mine").chmod(0o777)
    with pytest.raises(StoreError, match="written to by others"):
        open_store(str(tmp_path / "mine"))
    (tmp_path / "mine").chmod(0o700)
    (tmp_path / "mine" / "1").chmod(0o720)
    with pytest.raises(StoreError, match="written to by others"):
        open_store(str(tmp_path / "mine"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_store_of_another_user_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    open_store(str(folder))
    os.chown(folder, 65534, 65534)
    with pytest.raises(StoreError, match="belongs to another user"):
        open_store(str(folder))


def test_a_file_in_place_of_the_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match="is not a folder") as caught:
            open_store(str(path))
        assert "set FORERUN_CACHE_DIR" in str(caught.value)


def test_a_store_through_a_link_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert open_store(str(tmp_path / "link")).folder == str(tmp_path / "link")
    assert subprocess.run(["test", "-d", tmp_path / "real" / "1" / "runs"], check=False).returncode == 0
