"""A virtual path: the script sees the folder there, and nobody else sees anything."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import forerun
from forerun.runner.errors import MountError
from forerun.runner.mount import checked_mount, to_real
from forerun.runner.mount_namespace import _new_root
from forerun.runner.system_calls import CLONE_NEWNS, MS_PRIVATE, MS_REC, SystemCalls

SRC = Path(__file__).parents[2] / "src"
SYSTEM_PYTHON = "/usr/bin/python3"

USES = """
import os, pathlib, subprocess, sys, sqlite3
base = pathlib.Path({virtual!r})
print(sorted(os.listdir(base)), (base / "in.txt").read_text())
(base / "out.txt").write_text("written")
sqlite3.connect(base / "a.db").execute("create table t (x)").connection.close()
print(subprocess.run(["cat", base / "out.txt"], capture_output=True, text=True).stdout)
print(os.getcwd(), os.path.isdir(os.path.expanduser("~")), os.path.isdir("/proc/self"), os.path.exists("/dev/null"))
print(os.getuid(), os.getgid())
"""


def mounting(virtual: str, real: Path, **options: Any) -> forerun.RunResult:
    try:
        return forerun.run(USES.format(virtual=virtual), mount=(virtual, real), **options)
    except MountError as error:
        if "Operation not permitted" in str(error):
            pytest.skip("this system lets nobody make a mount namespace")
        raise


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in.txt").write_text("text")
    return tmp_path


@pytest.mark.parametrize("virtual", ["/working", "/working/deep/er", "/mnt/working", "/home/forerun-test/x"])
def test_the_script_sees_the_folder_there(virtual: str, folder: Path) -> None:
    before = sorted(os.listdir("/"))
    result = mounting(virtual, folder, folder=virtual)
    assert isinstance(result, forerun.Succeeded), result.error
    home = os.path.isdir(os.path.expanduser("~"))
    assert result.stdout == (f"['in.txt'] text\nwritten\n{virtual} {home} True True\n{os.getuid()} {os.getgid()}\n")
    assert (folder / "out.txt").read_text() == "written"
    assert (folder / "a.db").exists()
    assert not os.path.exists(virtual)
    assert sorted(os.listdir("/")) == before


def test_a_folder_that_exists_can_be_covered(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    covered = tmp_path_factory.mktemp("covered")
    (covered / "own").touch()
    result = mounting(str(covered), folder, folder=str(covered))
    assert isinstance(result, forerun.Succeeded), result.error
    assert sorted(os.listdir(covered)) == ["own"]


def linked(tmp_path: Path) -> list[tuple[str, Path]]:
    """Return virtual paths that go through links, each with the folder of the host that it leads into."""
    place = tmp_path / "place"
    place.mkdir()
    (tmp_path / "link").symlink_to(place)
    (tmp_path / "relative").symlink_to("place/deeper")
    return [(f"{tmp_path}/link/x", place), (f"{tmp_path}/link/x/y", place), (f"{tmp_path}/relative", place)]


@pytest.mark.parametrize("number", range(3), ids=["through a link", "deeper", "a link to what is not there"])
def test_links_to_the_mount_are_followed_and_nothing_is_made_there(
    number: int, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    virtual, place = linked(tmp_path_factory.mktemp("links"))[number]
    result = mounting(virtual, folder, folder=virtual)
    assert isinstance(result, forerun.Succeeded), result.error
    assert (folder / "out.txt").read_text() == "written"
    assert list(place.iterdir()) == []


@pytest.mark.skipif(not os.path.islink("/var/lock"), reason="here /var/lock is no link")
def test_the_command_mounts_below_a_link_of_the_system(run_forerun: Any, folder: Path) -> None:
    code = "import os\nprint(os.listdir('/var/lock/forerun-test'))"
    done = run_forerun("run", "--mount", "/var/lock/forerun-test", "--path", folder, "-c", code)
    assert (done.stdout, done.stderr) == ("['in.txt']\n", "")
    assert not os.path.lexists("/var/lock/forerun-test")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts are a matter of Linux")
def test_a_link_that_comes_in_between_is_not_followed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is looked at first may be another thing later: then nothing is made through it."""
    above = tmp_path_factory.mktemp("above")
    (above / "place").mkdir()
    (above / "link").symlink_to(above / "place")

    def grafted() -> None:
        calls = SystemCalls()
        calls.unshare(CLONE_NEWNS, own_user=False)
        calls.mount(None, "/", None, MS_REC | MS_PRIVATE)
        _new_root(calls, [[*above.parts[1:], "link", "x"]])

    process = os.fork()
    if process == 0:
        try:
            grafted()
        except NotADirectoryError:
            os._exit(0)
        except OSError as error:
            os._exit(77 if error.errno == errno.EPERM else 1)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if code == 77:
        pytest.skip("this system lets nobody make a mount namespace")
    assert code == 0
    assert list((above / "place").iterdir()) == []


@pytest.mark.network
def test_a_layer_is_seen_beside_a_mount(folder: Path) -> None:
    result = forerun.run("import six, os\nos.listdir('/working')", mount=("/working", folder))
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.value.data == ["in.txt"]


AS_NOBODY = """
import os, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
os.environ.update(HOME={home!r}, FORERUN_CACHE_DIR={home!r} + "/cache")
sys.path.insert(0, {src!r})
import forerun
result = forerun.run({code!r}, mount=("/working", {folder!r}), folder="/working")
print(result.status, result.error, result.output)
result = forerun.run("import os; print(os.getpid(), os.getuid())", sandbox=True, mount=("/working", {folder!r}))
print("in a sandbox:", result.output, result.error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_without_root_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    python = SYSTEM_PYTHON
    if (
        not shutil.which(python)
        or subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False).returncode
    ):
        pytest.skip("no interpreter that every user can start")
    home = Path("/var/tmp") / f"forerun-test-{os.getpid()}"
    folder = home / "folder"
    try:
        # What belongs to forerun may lie where only root can look.
        shutil.copytree(SRC, home / "src", ignore=shutil.ignore_patterns("__pycache__"))
        folder.mkdir(parents=True)
        (folder / "in.txt").write_text("text")
        for path in (home, *home.rglob("*")):
            os.chown(path, 65534, 65534)
        program = AS_NOBODY.format(
            home=str(home), src=str(home / "src"), folder=str(folder), code=USES.format(virtual="/working")
        )
        done = subprocess.run([python, "-c", program], capture_output=True, text=True, timeout=120, check=False)
        if "Operation not permitted" in done.stderr:
            pytest.skip("this system gives user namespaces to nobody")
        assert done.stdout.startswith("success  ['in.txt'] text\nwritten\n/working "), done.stdout + done.stderr
        assert "65534 65534" in done.stdout
        assert "in a sandbox: 2 65534" in done.stdout, done.stdout + done.stderr
        assert (folder / "out.txt").stat().st_uid == 65534
    finally:
        shutil.rmtree(home)


REFUSED = [
    "working",
    "",
    "/",
    "//",
    "/usr",
    "/usr/x",
    "/etc/x",
    "/proc/x",
    "/tmp",
    "/working\0",
    "/working/../etc",
    "/dev/shm/x",
]


@pytest.mark.parametrize("virtual", REFUSED)
def test_system_folders_and_relative_paths_are_refused(virtual: str, tmp_path: Path) -> None:
    with pytest.raises(MountError) as caught:
        checked_mount(virtual, str(tmp_path))
    assert "such as /working" in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="links are made by who may, there")
@pytest.mark.parametrize(
    ("target", "below", "reason"),
    [
        ("/etc", "", "it leads to /etc, a system folder"),
        ("/etc", "/x", "it leads to /etc/x, a system folder"),
        ("/", "/tmp", "it leads to /tmp, a system folder"),
        ("link", "/x", "link is no folder"),
        ("file", "", "file is no folder"),
        ("file", "/x", "file is no folder"),
    ],
)
def test_a_path_that_leads_where_no_mount_can_be_is_refused(
    target: str, below: str, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(target if target.startswith("/") else tmp_path / target)
    with pytest.raises(MountError, match=f"{reason}; choose a path of its own, such as /working$"):
        checked_mount(f"{tmp_path}/link{below}", str(tmp_path))


def test_the_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(MountError, match="is not a folder"):
        checked_mount("/working", str(tmp_path / "missing"))


def test_paths_are_normalised_and_links_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert checked_mount("//working/./a/../", str(tmp_path / "link")) == ("/working", str(tmp_path.resolve()))


def test_translation_of_paths() -> None:
    mount = ("/working", "/data/real")
    assert to_real("/working", mount) == "/data/real"
    assert to_real("/working/../working/a", mount) == "/data/real/a"
    assert to_real("/workings/a", mount) == "/workings/a"
    assert to_real("/working/../etc", mount) == "/working/../etc"


TRANSLATED = """
import os, pathlib, sqlite3
pathlib.Path("/working/made.txt").write_text("made")
with open("/working/made.txt") as file:
    print(file.read(), sorted(os.listdir("/working")), os.path.getsize("/working/made.txt"))
os.rename("/working/made.txt", "/working/moved.txt")
print(os.path.exists("/working/moved.txt"), os.path.exists("/workings"), os.getcwd() == os.environ["REAL"])
"""


@pytest.mark.parametrize("is_file", [False, True], ids=["code", "file"])
def test_where_nothing_can_be_mounted_paths_are_translated(
    is_file: bool, tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(cache_dir))
    monkeypatch.setenv("FORERUN_NO_NAMESPACES", "1")
    monkeypatch.setenv("REAL", str(tmp_path))
    script = tmp_path / "script.py"
    source: str | Path = TRANSLATED
    if is_file:
        script.write_text(TRANSLATED)
        source = script
    result = forerun.run(source, mount=("/working", tmp_path), folder="/working")
    listed = ["made.txt", "script.py"] if is_file else ["made.txt"]
    assert result.output == f"made {listed} 4\nTrue False True\n", result.error
    assert (tmp_path / "moved.txt").read_text() == "made"


def test_a_code_string_s_own_paths_reach_c_code_too(
    tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(cache_dir))
    monkeypatch.setenv("FORERUN_NO_NAMESPACES", "1")
    code = "import sqlite3\nsqlite3.connect('/working/data.db').execute('create table t (a)')\nNone"
    assert forerun.run(code, mount=("/working", tmp_path)).status == "success"
    assert (tmp_path / "data.db").exists()
