"""Names that nobody vouches for are put to a person on a terminal, once, before the run; the answer is kept or not."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from forerun.commands.answers import AnswersError, allow_always, allow_no_longer, allowed_always, answers_path

if TYPE_CHECKING:
    from tests.conftest import Open

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]

NAME, MODULE = "zzforerun-probe", "zzforerun_probe"
SCRIPT = f"import {MODULE}\nprint('ran with', {MODULE}.value)\n"
QUESTION = "Install for [t]his run, [a]lways, or [n]ot at all? "


@pytest.fixture(autouse=True)
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORERUN_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script that needs a distribution that no index has, and a folder that has it."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    info = f"{MODULE}-1.0.dist-info"
    files = {
        f"{MODULE}.py": "value = 42\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with ZipFile(wheels / f"{MODULE}-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    path = tmp_path / "a.py"
    path.write_text(SCRIPT)
    return path


@pytest.mark.network
def test_this_run_is_this_run_only(terminal: Open, forerun_command: list[str], script: Path, own_config: Path) -> None:
    for _ in range(2):
        opened = terminal(*forerun_command, "a.py")
        asked = opened.expect(QUESTION)
        assert f"{NAME} is not known to the package index (line 1 of a.py)" in asked
        opened.send("T\n")
        opened.expect("ran with 42")
        assert opened.end() == 0
        assert not own_config.exists()


@pytest.mark.network
def test_always_holds_for_later_runs_with_and_without_a_terminal_until_it_is_taken_back(
    terminal: Open, forerun_command: list[str], run_forerun: Forerun, script: Path, own_config: Path
) -> None:
    opened = terminal(*forerun_command, "a.py")
    opened.expect(QUESTION)
    opened.send("what?\n")
    opened.expect(QUESTION)
    opened.send("always\n")
    opened.expect("take it back with: forerun allow --remove NAME")
    opened.expect("ran with 42")
    assert opened.end() == 0
    stored = own_config / "allowed.json"
    assert json.loads(stored.read_text()) == {"version": 1, "allow": [NAME]}
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert stat.S_IMODE(own_config.stat().st_mode) == 0o700
    assert run_forerun("a.py").stdout == "ran with 42\n"
    assert run_forerun("allow").stdout == f"{NAME}\n"
    denied = run_forerun("run", "--deny", NAME, "a.py")
    assert "ran with" not in denied.stdout
    assert run_forerun("allow", "--remove", MODULE).returncode == 0
    assert run_forerun("allow").stdout == ""
    assert "ran with" not in run_forerun("a.py").stdout


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("n\n", id="no"),
        pytest.param("\n", id="nothing"),
        pytest.param("\x04", id="end of input"),
        pytest.param("a\x04\x04", id="end of input behind a letter"),
        pytest.param("\x03", id="Ctrl-C"),
        pytest.param("yes please\nwhat\nstill what\n", id="three times something else"),
    ],
)
def test_everything_else_is_no(
    typed: str, terminal: Open, forerun_command: list[str], tmp_path: Path, own_config: Path
) -> None:
    (tmp_path / "b.py").write_text("print('ran')\nimport django_blog_zinnia\n")
    opened = terminal(*forerun_command, "b.py")
    opened.expect(QUESTION)
    for line in typed.splitlines(keepends=True):
        opened.send(line)
        if "\n" in line and line != "\n" and line != "n\n" and "still" not in line:
            opened.expect(QUESTION)
    opened.expect("not run: django-blog-zinnia is on the package index but neither curated nor popular")
    assert opened.end() == 3
    assert "Traceback" not in opened.seen
    assert "\r\nran" not in opened.seen
    assert not own_config.exists()


def test_ctrl_c_at_the_question_is_no_signal_for_the_script(
    terminal: Open, forerun_command: list[str], tmp_path: Path, own_config: Path
) -> None:
    """Whose interpreter has been started, in the foreground too, and which may do without the name."""
    (tmp_path / "b.py").write_text("def later():\n    import django_blog_zinnia\n\nprint('ran with', 42)\n")
    opened = terminal(*forerun_command, "b.py")
    opened.expect(QUESTION)
    opened.send("\x03")
    opened.expect("ran with 42")
    assert opened.end() == 0
    assert "KeyboardInterrupt" not in opened.seen


def test_all_names_are_asked_about_at_once_and_none_that_is_denied(
    terminal: Open, forerun_command: list[str], tmp_path: Path
) -> None:
    code = "import django_blog_zinnia\n\ndef later():\n    import jwt, reqeusts\n"
    (tmp_path / "b\x1b[31m\n.py").write_text(code)
    opened = terminal(*forerun_command, "run", "b\x1b[31m\n.py")
    asked = opened.expect(QUESTION)
    assert asked.count("django-blog-zinnia") == 1
    assert "did you mean requests?" in asked
    assert "\x1b" not in asked
    opened.send("n\n")
    assert opened.end() == 3
    denied = terminal(*forerun_command, "run", "--deny", "django-blog-zinnia", "b\x1b[31m\n.py")
    assert denied.end() == 3
    assert QUESTION not in denied.seen


def test_what_was_typed_before_the_question_is_no_answer(
    terminal: Open, forerun_command: list[str], tmp_path: Path
) -> None:
    (tmp_path / "b.py").write_text("import django_blog_zinnia\n")
    opened = terminal(*forerun_command, "b.py")
    opened.send("a\n")
    opened.expect(QUESTION)
    opened.send("n\n")
    assert opened.end() == 3


def test_without_a_terminal_nothing_is_asked(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("import django_blog_zinnia\n")
    done = run_forerun("b.py", input="a\n")
    assert (done.returncode, done.stdout) == (3, "")
    assert QUESTION not in done.stderr


def test_the_list_is_kept_by_a_command(run_forerun: Forerun) -> None:
    assert run_forerun("allow", "A_b", "c").returncode == 0
    assert run_forerun("allow", "d").returncode == 0
    assert run_forerun("allow").stdout == "a-b\nc\nd\n"
    lines = run_forerun("resolve", "-", input="import django_blog_zinnia").stdout
    assert "not installed by default" in lines
    run_forerun("allow", "django-blog-zinnia")
    assert run_forerun("resolve", "-", input="import django_blog_zinnia").stdout == "django-blog-zinnia\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["a==1"], "'a==1' is no distribution's name", id="a version"),
        pytest.param(["--remove", "x"], "x is not in the list", id="not there"),
        pytest.param(["--remove"], "--remove takes the names", id="no names"),
    ],
)
def test_bad_use_of_the_command(arguments: list[str], said: str, run_forerun: Forerun) -> None:
    done = run_forerun("allow", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("text", ["[]", "{", '{"allow": 1}', '{"allow": [1]}', "[" * 5000], ids=str.__len__)
def test_a_spoilt_list_is_said_and_not_trusted(text: str, own_config: Path, run_forerun: Forerun) -> None:
    own_config.mkdir()
    (own_config / "allowed.json").write_text(text)
    (own_config / "allowed.json").chmod(0o600)
    done = run_forerun("run", "-c", "import django_blog_zinnia")
    assert done.returncode == 2
    assert "delete it, and answer again" in done.stderr
    assert run_forerun("run", "-c", "print(1)").stdout == "1\n"


def test_a_list_that_others_could_write_is_not_read(own_config: Path) -> None:
    allow_always(["a"])
    Path(answers_path()).chmod(0o666)
    with pytest.raises(AnswersError, match="chmod 600"):
        allowed_always()
    Path(answers_path()).unlink()
    os.mkfifo(answers_path())
    with pytest.raises(AnswersError, match="not a regular file"):
        allowed_always()


def test_where_the_list_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FORERUN_CONFIG_DIR")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert answers_path() == str(tmp_path / "forerun" / "allowed.json")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert answers_path() == str(tmp_path / "home" / ".config" / "forerun" / "allowed.json")


def test_two_that_store_at_once_both_do(own_config: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    names = [f"name-{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: allow_always([name]), names))
    assert allowed_always() == set(names)
    allow_no_longer(names[1:])
    assert allowed_always() == {names[0]}
    assert sorted(each.name for each in own_config.iterdir()) == ["allowed.json", "allowed.lock"]
