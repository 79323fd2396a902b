"""A module that was missing at run time is installed and the script run again: when that happens, and when not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import forerun

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]
EXAMPLES = Path(__file__).parents[2] / "examples"
COMPUTED = (
    "import importlib\nprint('start', flush=True)\nsix = importlib.import_module(chr(115) + 'ix')\nprint(six.PY3)\n"
)


def attempts_of(result: forerun.RunResult) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.missing, each.added) for each in result.attempts]


@pytest.mark.network
def test_the_report_needs_exactly_one_rerun(tmp_path: Path) -> None:
    # Should prediction learn of openpyxl, this test needs another script; until then it is the real case.
    target = tmp_path / "report.xlsx"
    text = (EXAMPLES / "report.py").read_text().replace("to_excel(", "__getattribute__('to_' + 'excel')(")
    script = tmp_path / "report.py"
    script.write_text(text)
    result = forerun.run(script, [str(target)])
    assert isinstance(result, forerun.Succeeded), result.error
    assert attempts_of(result) == [("openpyxl", ("openpyxl",)), ("", ())]
    assert target.read_bytes()[:2] == b"PK"
    assert any("openpyxl was missing at run time" in note for note in result.notes)
    assert "openpyxl" in {each.name for each in result.dependencies}


@pytest.mark.network
def test_a_library_that_names_its_missing_module_is_understood() -> None:
    code = "import pydantic\npydantic.TypeAdapter(getattr(pydantic, 'Email' + 'Str'))\n1"
    result = forerun.run(code, environment={"HOME": os.environ.get("HOME", "/"), "PATH": os.environ["PATH"]})
    assert isinstance(result, forerun.Succeeded), result.error
    assert attempts_of(result) == [("email_validator", ("email-validator",)), ("", ())]


@pytest.mark.network
def test_a_computed_name_is_found_missing(tmp_path: Path) -> None:
    result = forerun.run(COMPUTED)
    assert isinstance(result, forerun.Succeeded), result.error
    assert attempts_of(result) == [("six", ("six",)), ("", ())]
    assert result.stdout == "start\nTrue\n"


NO_RERUN = {
    "caught": "import importlib\ntry:\n    importlib.import_module(chr(115) + 'ix')\nexcept ImportError:\n"
    "    pass\n1 / 0",
    "caught, another raised": "import importlib\ntry:\n    importlib.import_module(chr(115) + 'ix')\n"
    "except ImportError:\n    raise SystemExit('no six')",
    "caught, ImportError raised": "import importlib\ntry:\n    importlib.import_module(chr(115) + 'ix')\n"
    "except ImportError as e:\n    raise ImportError('no six') from e",
    "raised by hand": "raise ModuleNotFoundError(\"No module named 'six'\", name='six')",
    "raised by hand in a function": "def f(name):\n    raise ModuleNotFoundError(name=name)\nf('six')",
    "ImportError raised by hand": "raise ImportError('Missing optional dependency six', name='six')",
    "distribution asked for": "import importlib.metadata\nimportlib.metadata.version('si' + 'x')",
    "name missing in a module": "from os import nothing_of_that_name",
    "exit in between": "import sys, importlib\ntry:\n    importlib.import_module(chr(115) + 'ix')\n"
    "finally:\n    sys.exit(4)",
}


@pytest.mark.parametrize("code", NO_RERUN.values(), ids=NO_RERUN.keys())
def test_no_rerun(code: str) -> None:
    result = forerun.run(code)
    assert isinstance(result, forerun.ScriptFailed)
    assert attempts_of(result) == [("", ())]
    assert result.notes == ()
    assert result.dependencies == ()


REFUSED = {
    "invented": ("forerun_invented_name_zq", "no distribution is known"),
    "registered only": ("django_blog_zinnia", "neither curated nor popular"),
    "no module name": ("a" * 300, "no module name"),
    "local-looking": ("utils", "utils"),
}


@pytest.mark.parametrize(("module", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_an_unvetted_name_is_not_installed_in_the_fallback(module: str, reason: str) -> None:
    result = forerun.run(f"import importlib\nimportlib.import_module(chr({ord(module[0])}) + {module[1:]!r})")
    assert isinstance(result, forerun.ScriptFailed)
    assert len(result.attempts) == 1
    assert result.dependencies == ()
    assert "ModuleNotFoundError" in result.error
    assert len(result.notes) == 1
    assert reason in result.notes[0]


def test_a_registered_name_is_refused_before_the_run() -> None:
    result = forerun.run("print('ran')\nimport django_blog_zinnia")
    assert isinstance(result, forerun.Refused)
    assert (result.exit_code, result.stdout, result.attempts) == (3, "", ())
    assert [each.name for each in result.verdicts] == ["django-blog-zinnia"]
    assert result.error


def test_an_invented_name_fails_as_it_does_in_python() -> None:
    result = forerun.run("print('ran')\nimport forerun_invented_name_zq")
    assert result.dependencies == ()
    assert result.status in ("refused", "run-error")


def test_denied_names_are_refused() -> None:
    assert isinstance(forerun.run("import six", deny=["Six"]), forerun.Refused)
    missing = forerun.run(COMPUTED, deny=["six"])
    assert isinstance(missing, forerun.ScriptFailed)
    assert "deny list" in missing.notes[0]


def test_no_reruns_when_none_are_allowed(run_forerun: Forerun, tmp_path: Path) -> None:
    result = forerun.run(COMPUTED, max_retries=0)
    assert isinstance(result, forerun.ScriptFailed)
    assert "no more reruns" in result.notes[0]
    (tmp_path / "job.py").write_text(COMPUTED)
    for option in ("--no-retry", "--max-retries=0"):
        done = run_forerun("run", option, "job.py")
        assert (done.returncode, done.stdout) == (1, "start\n")
        assert done.stderr.count("Traceback") == 1
        assert done.stderr.splitlines()[-1] == "forerun: six is missing; no more reruns are allowed"


@pytest.mark.network
def test_the_loop_stops_when_an_attempt_brings_nothing_new() -> None:
    result = forerun.run("import importlib\nimportlib.import_module(chr(115) + 'ix.nothing.of.that.name')")
    assert isinstance(result, forerun.ScriptFailed)
    assert len(result.attempts) == 2
    assert "has no module six.nothing" in result.notes[-1]


@pytest.mark.network
def test_the_command_shows_the_traceback_once_and_only_if_nothing_helps(run_forerun: Forerun, tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text(COMPUTED)
    done = run_forerun("job.py")
    assert (done.returncode, done.stdout) == (0, "start\nstart\nTrue\n")
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith(
        "forerun: six is missing; running again with six\nforerun: six was missing at run time"
    )
    script.write_text("import importlib\nimportlib.import_module(chr(102) + 'orerun_invented_name_zq')")
    done = run_forerun("job.py")
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1
    assert "inside" not in done.stderr


@pytest.mark.network
def test_piped_input_that_was_read_prevents_a_rerun(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(f"print(input())\n{COMPUTED}")
    done = run_forerun("job.py", input="words\n")
    assert (done.returncode, done.stdout) == (1, "words\nstart\n")
    assert done.stderr.count("Traceback") == 1
    assert "had read its piped standard input" in done.stderr


@pytest.mark.network
def test_piped_input_that_was_not_read_allows_a_rerun(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(f"{COMPUTED}print(input())\n")
    done = run_forerun("job.py", input="words\n")
    assert (done.returncode, done.stdout) == (0, "start\nstart\nTrue\nwords\n"), done.stderr


@pytest.mark.network
def test_input_from_a_file_can_be_read_again(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(f"import sys\nprint(sys.stdin.read())\n{COMPUTED}")
    (tmp_path / "words").write_text("words")
    with open(tmp_path / "words", "rb") as words:
        done = run_forerun("job.py", stdin=words)
    assert (done.returncode, done.stdout) == (0, "words\nstart\nwords\nstart\nTrue\n"), done.stderr


def test_an_addition_that_cannot_be_installed_is_said_and_no_rerun_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing listens there, and nothing has this version in its cache.
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    result = forerun.run(COMPUTED)
    assert isinstance(result, forerun.InstallFailed)
    assert "the package index cannot be reached" in result.error
    assert result.exit_code == 3
    assert result.notes == ()
    assert attempts_of(result) == [("six", ("six",))]


def test_a_guess_that_does_not_hold_the_module_is_never_used(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """types-requests is popular, and holds stubs for requests: no module of its own name."""
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(cache_dir))
    for _ in range(2):
        result = forerun.run("import types_requests")
        assert result.status == "run-error"
        assert result.dependencies == ()
        assert (
            result.notes[0]
            == "types-requests was not used: it has the name of the import, and no module types_requests"
        )
        assert len(result.attempts) == 1
