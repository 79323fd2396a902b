"""Which interpreter runs a script: ours, the one asked for, or one that the script needs; found once, remembered."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import forerun
from forerun.runner import interpreters
from forerun.runner.choice import version_parts
from forerun.runner.interpreter import Interpreter, this_interpreter
from forerun.runner.interpreters import ask, at, installed, remembered
from forerun.runner.store import Store, open_store

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]
OURS = this_interpreter()
SHOW = "import sys\nprint(sys.version.split()[0], sys.prefix != sys.base_prefix)\n"


@pytest.fixture(scope="session")
def store(cache_dir: Path) -> Store:
    return open_store(str(cache_dir))


@pytest.fixture(scope="session")
def others(store: Store) -> list[Interpreter]:
    """The interpreters of this machine whose minor version is another than ours, one a version."""
    found = {each.version[:2]: each for each in installed(store)}
    found.pop(OURS.version[:2], None)
    if not found:
        pytest.skip("there is no other Python here")
    return [found[each] for each in sorted(found)]


@pytest.mark.network
def test_each_interpreter_runs_a_script_with_its_distributions(others: list[Interpreter], tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text(f"import six\n{SHOW}print(six.__file__)")
    for each in {others[0], others[-1]}:
        for source in (script, script.read_text()):
            result = forerun.run(source, python=f"{each.version[0]}.{each.version[1]}")
            assert isinstance(result, forerun.Succeeded), result.error
            shown, place = result.stdout.splitlines()
            assert shown == f"{each.release} True"
            assert f"/python{each.version[0]}.{each.version[1]}/" in place
            assert result.python == each.release
            assert [named.name for named in result.dependencies] == ["six"]


@pytest.mark.network
def test_layers_of_two_interpreters_are_two(others: list[Interpreter]) -> None:
    code = "import six\nimport os\nos.path.realpath(six.__file__).split('/layers/')[1].split('/')[0]"
    names = {str(forerun.run(code, python=version).value.data) for version in (others[0].release, OURS.release)}  # type: ignore[union-attr]
    assert len(names) == 2


def test_the_module_missing_at_run_time_is_told_by_each(others: list[Interpreter]) -> None:
    for each in {others[0], others[-1]}:
        result = forerun.run("import forerun_invented_name_zq", python=each.release)
        assert result.attempts[-1].missing == "forerun_invented_name_zq", each


@pytest.mark.parametrize("kind", ["version", "full version", "path", "environment"])
def test_the_command_takes_a_version_or_a_path(
    kind: str, others: list[Interpreter], run_forerun: Forerun, tmp_path: Path
) -> None:
    other = others[-1]
    names = {"version": f"{other.version[0]}.{other.version[1]}", "full version": other.release, "path": other.path}
    if kind == "environment":
        subprocess.run([other.path, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
        names[kind] = "venv/bin/python"
    done = run_forerun("run", "--python", names[kind], "-c", SHOW)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{other.release} True\n", "")


UNUSABLE = {
    "not a version": ("three", "neither a Python version"),
    "too many parts": ("3.9.1.2", "neither a Python version"),
    "too old": ("3.7", "no CPython of version 3.8 or later"),
    "too old, major alone": ("2", "no CPython of version 3.8 or later"),
    "not there": ("3.99", "there is no Python 3.99 on this machine, which has 3."),
    "no such path": ("/no/such/python", "no CPython"),
    "another program": ("/bin/sh", "no CPython"),
    "a folder": ("./", "no CPython"),
}


@pytest.mark.parametrize(("given", "said"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_interpreter_that_cannot_be_had_is_said_in_a_line(given: str, said: str, run_forerun: Forerun) -> None:
    done = run_forerun("run", "--python", given, "-c", "print('ran')")
    assert done.returncode in (2, 3)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_what_is_there_is_named_where_nothing_fits(run_forerun: Forerun, others: list[Interpreter]) -> None:
    done = run_forerun("run", "--python", "3.99", "-c", "print('ran')")
    for each in (*others, OURS):
        assert each.release.rpartition(".")[0] in done.stderr


BLOCK = "# /// script\n# requires-python = '{}'\n# ///\n"


def test_the_scripts_own_requirement_chooses(others: list[Interpreter], run_forerun: Forerun, tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    other = others[0]
    script.write_text(BLOCK.format(f"=={other.version[0]}.{other.version[1]}.*") + SHOW)
    assert run_forerun("job.py").stdout == f"{other.release} True\n"
    script.write_text(BLOCK.format(">=3.8") + SHOW)
    assert run_forerun("job.py").stdout == f"{OURS.release} True\n"
    script.write_text(BLOCK.format("<3.8") + SHOW)
    done = run_forerun("job.py")
    assert (done.returncode, done.stdout) == (3, "")
    assert "there is no Python <3.8 on this machine" in done.stderr


def test_the_option_and_the_scripts_requirement_must_agree(
    others: list[Interpreter], run_forerun: Forerun, tmp_path: Path
) -> None:
    (tmp_path / "job.py").write_text(BLOCK.format(f"!={others[0].version[0]}.{others[0].version[1]}.*") + SHOW)
    done = run_forerun("run", "--python", others[0].release, "job.py")
    assert (done.returncode, done.stdout) == (3, "")
    assert "needs Python" in done.stderr


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="our own Python knows the construct")
def test_newer_syntax_chooses_a_newer_interpreter(
    others: list[Interpreter], run_forerun: Forerun, tmp_path: Path
) -> None:
    (tmp_path / "job.py").write_text(f"type Number = int\n{SHOW}")
    done = run_forerun("job.py")
    if others[-1].version >= (3, 12):
        assert done.stdout == f"{others[-1].release} True\n"
    else:
        assert "there is no Python >=3.12 on this machine" in done.stderr


def test_python_2_code_fails_as_it_does_in_python(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text("print 'old'\n")
    done = run_forerun("job.py")
    assert done.returncode == 1
    assert "SyntaxError" in done.stderr


def test_a_warm_run_starts_no_uv(
    others: list[Interpreter], monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path
) -> None:
    assert others[-1] in remembered(store)
    # A run that looked for interpreters would be told of none.
    monkeypatch.setattr(interpreters, "run_tool", None)
    assert forerun.run(SHOW, python=others[-1].release).stdout == f"{others[-1].release} True\n"


def test_an_interpreter_that_was_replaced_is_asked_again(tmp_path: Path) -> None:
    store, path = open_store(str(tmp_path / "cache")), tmp_path / "python"
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o700)
    assert at(str(path), store) is None
    assert remembered(store) == []
    path.unlink()
    path.write_text(f'#!/bin/sh\nexec {OURS.path} "$@"\n')
    path.chmod(0o700)
    assert at(str(path), store) == OURS
    assert remembered(store) == [OURS]
    path.unlink()
    assert remembered(store) == []


ODD = {
    "says nothing": "exit 0",
    "says something else": "echo hello; exit 0",
    "too many lines": "echo /x; echo 3.11.7; echo a; echo 0; echo more",
    "not numbers": "echo /x; echo a b c; echo cpython-311; echo 1",
    "fails": "echo /x; echo 3 11 7; echo cpython-311; echo 1; exit 3",
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
def test_a_program_that_is_no_python_is_none(body: str, tmp_path: Path) -> None:
    path = tmp_path / "python3.12"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    assert ask(str(path)) is None


@pytest.mark.parametrize(
    "damage", [b"", b"\xff\n\t\t\t\n", b"a\tb\tc\td\te\n", b"\0\n"], ids=["empty", "bytes", "no version", "NUL"]
)
def test_damage_to_what_is_remembered_is_repaired(damage: bytes, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "cache"))
    Path(store.path("interpreters")).write_bytes(damage)
    assert remembered(store) == []
    assert at(OURS.path, store) == OURS
    assert remembered(store) == [OURS]


def test_versions_are_read_as_numbers() -> None:
    assert version_parts("3.12") == (3, 12)
    with pytest.raises(forerun.ResolverError):
        version_parts("3.x")


def test_without_uv_what_pyenv_has_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "pyenv" / "versions" / "mine" / "bin"
    programs.mkdir(parents=True)
    os.symlink(OURS.path, programs / "python")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr("forerun.runner.installer._find_uv", _no_uv)
    assert installed(open_store(str(tmp_path / "cache"))) == [OURS]


def _no_uv() -> str:
    from forerun.runner.errors import InstallerMissing

    raise InstallerMissing


def test_a_free_threaded_build_has_folders_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """As PEP 703 has it; none is here."""
    monkeypatch.setattr(sys, "abiflags", "t")
    assert this_interpreter().site_packages == f"lib/python{sys.version_info[0]}.{sys.version_info[1]}t/site-packages"


def test_forerun_on_another_implementation_says_so(cache_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print('ran')\n")
    source = str(Path(forerun.__file__).parent.parent)
    code = (
        f"import sys; sys.path.insert(0, {source!r}); sys.implementation.name = 'pypy'\n"
        "from forerun.commands.main import forerun; sys.exit(forerun())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "a.py"], cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert (done.stdout, done.returncode) == ("", 3)
    reason = "is no CPython of version 3.8 or later; name another one, or a version such as 3.12"
    assert done.stderr == f"forerun: {sys.executable} {reason}\n"
