"""What Python runs beside a file: folders, zip archives, `-c`, `-` and pipes; each under Python and under forerun."""

from __future__ import annotations

import os
import subprocess
import sys
import zipapp
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forerun.runner.recovery import recover
from forerun.runner.store import open_store

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]
BASE = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
SHOW = "import sys\nprint(sys.argv, __name__, __package__, sys.path[0], __spec__ and __spec__.name)\n"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing may stay in the folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield
    assert list(folder.iterdir()) == []


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A folder and an archive with the same program, which has a module and a package of its own."""
    folder = tmp_path / "app"
    (folder / "package").mkdir(parents=True)
    (folder / "__main__.py").write_text(
        f"import helper\nfrom package import inner\n{SHOW}print(__file__, inner.word)\n"
    )
    (folder / "helper.py").write_text("")
    (folder / "package" / "__init__.py").write_text("")
    (folder / "package" / "inner.py").write_text("word = 'inner'\n")
    zipapp.create_archive(folder, tmp_path / "app.pyz", "/usr/bin/env python3")
    return folder


def by_python(*arguments: str, cwd: Path, **options: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [BASE, "-I", *arguments] if arguments[0] == "-" else [BASE, *arguments],
        cwd=cwd, capture_output=True, text=True, check=False, **options,  # type: ignore[call-overload]
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("named", ["app", "./app", "app/", "app.pyz", "./app.pyz"])
def test_a_folder_and_an_archive_run_as_in_python(app: Path, named: str, run_forerun: Forerun) -> None:
    done = run_forerun("run", named, "a", "-b")
    assert (done.returncode, done.stdout, done.stderr) == by_python(named, "a", "-b", cwd=app.parent)
    assert done.returncode == 0


def test_the_short_form_takes_them(app: Path, run_forerun: Forerun) -> None:
    for ending in ("pyzw", "zip"):
        zipapp.create_archive(app, app.parent / f"app.{ending}")
    for named in ("./app", "app.pyz", "app.pyzw", "app.zip"):
        assert run_forerun(named, "a").stdout == by_python(named, "a", cwd=app.parent)[1]


def test_a_folder_that_is_named_like_an_archive_is_a_folder(app: Path, run_forerun: Forerun) -> None:
    app.rename(app.parent / "named.zip")
    for arguments in (["named.zip", "a"], ["run", "named.zip", "a"]):
        done = run_forerun(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == by_python("named.zip", "a", cwd=app.parent)


def test_resolve_says_what_to_do_with_an_archive(app: Path, run_forerun: Forerun) -> None:
    done = run_forerun("resolve", "app.pyz")
    said = "forerun: app.pyz: is an archive, which is only read to be run; unpack it, and name the folder\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    app.rename(app.parent / "named.zip")
    assert run_forerun("resolve", "named.zip").returncode == 0


@pytest.mark.network
def test_the_project_around_an_archive_says_versions(app: Path, run_forerun: Forerun) -> None:
    """As it does for a script that lies there; what the archive itself declares is nobody's project."""
    (app / "helper.py").write_text("import six\nprint(six.__version__)\n")
    (app / "requirements.txt").write_text("six==1.15.0\n")
    zipapp.create_archive(app, app.parent / "app.pyz")
    (app.parent / "requirements.txt").write_text("six==1.16.0\n")
    done = run_forerun("run", "app.pyz")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "1.16.0"), done.stderr


def test_what_a_killed_run_has_unpacked_goes_with_the_next_one(
    forerun_command: list[str], cache_dir: Path, app: Path
) -> None:
    (app / "helper.py").write_text("import time\nprint('on', flush=True)\ntime.sleep(600)\n")
    zipapp.create_archive(app, app.parent / "app.pyz")
    process = subprocess.Popen([*forerun_command, "app.pyz"], cwd=app.parent, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "on\n"
    recover(open_store())
    left = list((cache_dir / "1" / "runs").glob("*-archive-*"))
    assert [(each / "helper.py").exists() for each in left] == [True]
    process.kill()
    process.communicate()
    recover(open_store())
    assert not left[0].exists()


def test_a_bare_name_of_something_here_is_no_command_and_the_line_says_how_to_run_it(
    app: Path, run_forerun: Forerun
) -> None:
    done = run_forerun(app.name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "forerun: 'app' is no command; what has that name here is run by: forerun run app\n"


@pytest.mark.network
@pytest.mark.parametrize("named", ["app", "app.pyz"])
def test_what_their_modules_import_is_predicted(app: Path, named: str, run_forerun: Forerun) -> None:
    (app / "package" / "inner.py").write_text("import six\nword = six.__name__\n")
    zipapp.create_archive(app, app.parent / "app.pyz")
    done = run_forerun("run", "--no-retry", named)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" six\n")


@pytest.mark.network
def test_the_project_around_an_archive_decides(app: Path, run_forerun: Forerun) -> None:
    (app / "helper.py").write_text("import six\n")
    zipapp.create_archive(app, app.parent / "app.pyz")
    (app.parent / "pyproject.toml").write_text("[tool.forerun]\ndeny = ['six']\n")
    done = run_forerun("run", "app.pyz")
    assert (done.returncode, done.stdout) == (3, "")
    assert "six is on the deny list" in done.stderr


@pytest.mark.parametrize("named", ["app", "app.pyz"])
def test_a_failing_one_shows_the_traceback_of_python(app: Path, named: str, run_forerun: Forerun) -> None:
    (app / "helper.py").write_text("def fail():\n    return 1 / 0\nfail()\n")
    zipapp.create_archive(app, app.parent / "app.pyz")
    done = run_forerun("run", named)
    assert (done.returncode, done.stdout, done.stderr) == by_python(named, cwd=app.parent)
    assert done.returncode == 1


@pytest.mark.parametrize("named", ["app", "app.pyz"])
def test_the_mount_shows_them(app: Path, named: str, run_forerun: Forerun) -> None:
    done = run_forerun("run", "--mount", "/working", "--path", ".", f"/working/{named}", "a")
    assert done.returncode == 0, done.stderr
    # Where nothing can be mounted, Python is given the real path.
    assert done.stdout.endswith(f"/{named}/__main__.py inner\n")


def test_code_finds_in_argv_what_python_puts_there(run_forerun: Forerun, tmp_path: Path) -> None:
    code = "import sys\nprint(sys.argv)"
    assert run_forerun("run", "-c", code, "a", "-b").stdout == by_python("-c", code, "a", "-b", cwd=tmp_path)[1]
    assert run_forerun("run", "-", "a", input=code).stdout == by_python("-", "a", cwd=tmp_path, input=code)[1]
    (tmp_path / "code").write_text(code)
    with open(tmp_path / "code") as file:
        reader, writer = os.pipe()
        os.write(writer, file.read().encode())
        os.close(writer)
    done = run_forerun("run", f"/dev/fd/{reader}", "a", pass_fds=(reader,))
    os.close(reader)
    assert done.stdout == f"['/dev/fd/{reader}', 'a']\n"


def test_the_name_of_the_program_reaches_no_environment(run_forerun: Forerun) -> None:
    code = "import os\nprint([name for name in os.environ if name == 'FORERUN_PROGRAM'])"
    assert run_forerun("run", "-c", code).stdout == "[]\n"


def damaged(folder: Path) -> None:
    with zipfile.ZipFile(folder / "bad.pyz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__main__.py", "print(1)\n" * 1000)
    data = (folder / "bad.pyz").read_bytes()
    (folder / "bad.pyz").write_bytes(data[:50] + b"\xff" * 10 + data[60:])


UNUSABLE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "folder": (lambda at: (at / "none").mkdir(), "none", "is a folder without a __main__.py"),
    "no archive": (lambda at: (at / "bad.pyz").write_text("no"), "bad.pyz", "is no zip archive that can be read"),
    "damaged": (damaged, "bad.pyz", "is no zip archive that can be read"),
    "no main": (lambda at: zipfile.ZipFile(at / "bad.zip", "w").close(), "bad.zip", "holds no __main__.py"),
    "not there": (lambda _: None, "bad.pyz", "no such file"),
}


@pytest.mark.parametrize(("make", "named", "said"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_cannot_be_run_is_said_in_a_line(
    make: Callable[[Path], object], named: str, said: str, run_forerun: Forerun, tmp_path: Path
) -> None:
    make(tmp_path)
    done = run_forerun("run", named)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"forerun: {named}: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_names_that_lead_out_of_an_archive_lead_nowhere(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "odd.pyz", "w") as archive:
        archive.writestr("__main__.py", "print('ran')\n")
        archive.writestr("../out.py", "")
        archive.writestr(f"{tmp_path}/absolute.py", "")
    assert run_forerun("run", "in/odd.pyz").stdout == "ran\n"
    assert not (tmp_path / "out.py").exists()
    assert not (tmp_path / "absolute.py").exists()
    assert not list(tmp_path.parent.glob("out.py"))


def test_files_that_cannot_lie_side_by_side_do_no_harm(run_forerun: Forerun, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "odd.pyz", "w") as archive:
        archive.writestr("__main__.py", "print('runs')")
        for name in ("a.py", "a.py/b.py", "pyproject.toml/b.py", f"{'x' * 300}.py"):
            archive.writestr(name, "")
    done = run_forerun("odd.pyz")
    assert (done.stdout, done.stderr) == ("runs\n", "")


def test_what_lies_above_an_unpacked_archive_declares_nothing(
    run_forerun: Forerun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = tmp_path / "others"
    above.mkdir()
    (above / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["django-blog-zinnia"]\n')
    (above / "setup.py").write_text("")
    (above / "zz_local_zq").mkdir()
    (above / "zz_local_zq" / "__init__.py").write_text("")
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(above / "store"))
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", "import django_blog_zinnia, zz_local_zq\n")
    done = run_forerun("run", "app.pyz")
    assert done.returncode == 3
    assert "not run: django-blog-zinnia" in done.stderr
    assert list((above / "store" / "1" / "runs").iterdir()) == []


def test_one_that_is_no_archive_makes_no_store(
    run_forerun: Forerun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(tmp_path / "store"))
    (tmp_path / "bad.pyz").write_text("no")
    assert run_forerun("bad.pyz").returncode == 2
    assert not (tmp_path / "store").exists()


def test_nothing_is_remembered_of_what_lies_elsewhere_the_next_time(
    app: Path, run_forerun: Forerun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(tmp_path / "store"))
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", "print('ran')\n")
    assert run_forerun("app.pyz").stdout == "ran\n"
    assert list((tmp_path / "store" / "1" / "predictions").iterdir()) == []


def test_a_damaged_archive_is_one_sentence(run_forerun: Forerun, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", "print(1)")
        archive.writestr("\u00e4\u00e4.py", "")
    whole = (tmp_path / "app.pyz").read_bytes()
    (tmp_path / "app.pyz").write_bytes(whole.replace("\u00e4\u00e4".encode(), b"\xff\xff\xff\xff"))
    done = run_forerun("run", "app.pyz")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr
    assert "Traceback" not in done.stderr
