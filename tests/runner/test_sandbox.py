"""A sandboxed script sees what the design says, and nothing else; each test is a sentence of it."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

import forerun
from forerun.runner.errors import ContainmentError, RunnerError
from forerun.runner.sandbox import SandboxRefused
from forerun.runner.secluded import checked_prefix, checked_program
from forerun.runner.supervisor import Job, start

from .conftest import LocalIndex, source_distribution

Run = Callable[..., Any]

REFUSED = "import os\ntry:\n    {}\n    found = 0\nexcept OSError as error:\n    found = error.errno\nfound"


def skip_where_not_permitted(error: ContainmentError) -> NoReturn:
    """Skip a test on a machine without namespaces; any other reason is a fault of ours."""
    if "not permitted" in str(error) or "No space left" in str(error):
        pytest.skip(str(error))
    raise error


@pytest.fixture
def inside(cache_dir: Path) -> Run:
    """Return a function that runs code in a sandbox and returns its last value."""

    def run(code: str, **options: Any) -> Any:
        try:
            result = forerun.run(code, sandbox=True, **options)
        except ContainmentError as error:
            skip_where_not_permitted(error)
        assert isinstance(result, forerun.Succeeded), result.error
        assert result.value is not None
        return result.value.data

    return run


@pytest.mark.parametrize("name", ["user", "pid", "ipc", "mnt", "net"])
def test_it_has_a_namespace_of_its_own(name: str, inside: Run) -> None:
    assert inside(f"import os\nos.readlink('/proc/self/ns/{name}')") != os.readlink(f"/proc/self/ns/{name}")


def test_it_has_a_session_of_its_own(inside: Run) -> None:
    assert inside("import os\n[os.getpid() == os.getsid(0), os.getpid() == os.getpgid(0)]") == [True, True]


def test_it_has_no_capabilities_and_gets_no_new_privileges(inside: Run) -> None:
    lines = inside("open('/proc/self/status').read()").splitlines()
    found = dict(line.split(":\t") for line in lines if line.startswith(("Cap", "NoNewPrivs")))
    assert {found[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {""}
    assert found["NoNewPrivs"] == "1"


def test_a_program_that_it_starts_has_no_more_power(inside: Run) -> None:
    code = "import subprocess\nsubprocess.check_output(['grep', 'CapEff', '/proc/self/status'], text=True)"
    assert inside(code).split()[1].strip("0") == ""


def test_it_cannot_get_capabilities_in_a_namespace_of_its_making(inside: Run) -> None:
    assert inside("import ctypes\n[ctypes.CDLL(None).unshare(flag) for flag in (0x10000000, 0x10020000)]") == [-1, -1]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the number of the system call is that of another machine")
def test_it_has_a_keyring_of_its_own(inside: Run) -> None:
    get_number = "ctypes.CDLL(None).syscall(250, 0, -3, 0)"
    outside = eval(get_number, {"ctypes": ctypes})
    if outside < 0:
        pytest.skip("this kernel has no keyrings")
    assert inside(f"import ctypes\n{get_number}") != outside


def test_it_inherits_no_descriptor_but_its_streams(cache_dir: Path, forerun_command: list[str], tmp_path: Path) -> None:
    code = "import os; print(sorted(int(each) for each in os.listdir('/proc/self/fd'))[:-1])"
    folder = os.open("/", os.O_RDONLY)
    done = subprocess.run(
        [*forerun_command, "run", "--sandbox", "-c", code],
        pass_fds=[folder], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "FORERUN_CACHE_DIR": str(cache_dir)},
    )  # fmt: skip
    os.close(folder)
    if "not permitted" in done.stderr:
        pytest.skip(done.stderr)
    assert (done.stdout, done.stderr) == ("[0, 1, 2]\n", "")


def test_it_sees_only_these_folders(inside: Run, tmp_path: Path) -> None:
    code = "import os, sys\n[sorted(os.listdir('/')), os.path.realpath(sys.executable), sys.prefix]"
    listed, python, prefix = inside(code, mount=("/working", tmp_path))
    allowed = {
        "bin",
        "dev",
        "etc",
        "home",
        "lib",
        "lib32",
        "lib64",
        "libx32",
        "proc",
        "run",
        "sbin",
        "tmp",
        "usr",
        "var",
    }
    on_the_way = {Path(path).parts[1] for path in (python, prefix, forerun.__file__)}
    assert set(listed) <= allowed | on_the_way | {"working"}


def test_files_beside_what_it_sees_are_not_there(
    inside: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("secret") / "key"
    secret.write_text("secret")
    hidden = [secret, Path(__file__), Path("/etc/shadow"), Path("/etc/machine-id"), Path("/sys"), Path("/dev/shm/x")]
    hidden += [path for path in (Path("/root/.bashrc"), Path("/etc/hostname"), Path("/dev/mem")) if path.exists()]
    code = f"import os\n[path for path in {list(map(str, hidden))!r} if os.path.exists(path)]"
    assert inside(code, mount=("/working", tmp_path)) == []


def test_only_its_mount_and_its_own_places_can_be_written_to(inside: Run, tmp_path: Path) -> None:
    code = (
        "import os, sys, contextlib\n"
        "written = []\n"
        "for folder in ('/', '/usr', '/usr/lib', '/etc', '/dev', '/proc', '/proc/sys/kernel', '/home', '/var',\n"
        "               os.path.dirname(os.__file__), '/working', '/tmp', '/run', os.path.expanduser('~')):\n"
        "    with contextlib.suppress(OSError):\n"
        "        open(os.path.join(folder, 'written'), 'w').close()\n"
        "        written.append(folder)\n"
        "written"
    )
    assert inside(code, mount=("/working", tmp_path)) == ["/working", "/tmp", "/run", "/home/sandbox"]
    assert [each.name for each in tmp_path.iterdir()] == ["written"]


@pytest.mark.parametrize("path", ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/self/oom_score_adj"])
def test_the_kernel_s_own_files_cannot_be_written_to_even_by_root(path: str, inside: Run) -> None:
    assert inside(REFUSED.format(f"os.open({path!r}, os.O_WRONLY)")) in (1, 2, 13, 30)


def test_nothing_can_be_mounted_anew(inside: Run) -> None:
    code = (
        "import ctypes\nlibc = ctypes.CDLL(None)\n"
        "[libc.mount(b'none', b'/tmp', b'tmpfs', 0, None), libc.umount2(b'/proc', 2), libc.unshare(0x20000),"
        " libc.mount(None, b'/usr', None, 32 | 4096, None)]"
    )
    assert inside(code) == [-1, -1, -1, -1]


@pytest.mark.parametrize("place", ["os.path.expanduser('~')", "'/run'", "'/tmp'", "'/var/tmp'", "'/dev/shm'"])
def test_home_run_and_tmp_are_empty(place: str, inside: Run) -> None:
    # The store, and with it what the run needs, may itself lie below /tmp.
    code = f"import os, sys\nway = sys.prefix.split('/') + {forerun.__file__.split('/')!r}\n"
    assert inside(code + f"[name for name in os.listdir({place}) if name not in way]") == []


def test_the_runtime_folder_is_not_named(inside: Run) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": "/run/user/0", "SSH_AUTH_SOCK": "/tmp/agent"}
    code = "import os\n[os.environ.get('XDG_RUNTIME_DIR'), os.environ.get('SSH_AUTH_SOCK'), os.environ['HOME']]"
    assert inside(code, environment=environment) == [None, None, "/home/sandbox"]


def test_no_host_socket_connects(inside: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = str(tmp_path_factory.mktemp("s") / "socket")
    name = f"\0forerun-test-{os.getpid()}"
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as by_path, socket.socket(socket.AF_UNIX) as by_name:
        tcp.bind(("127.0.0.1", 0))
        by_path.bind(path)
        by_name.bind(name)
        for each in (tcp, by_path, by_name):
            each.listen()
        addresses = [("AF_INET", tcp.getsockname()), ("AF_UNIX", path), ("AF_UNIX", name), ("AF_INET", ("1.1.1.1", 53))]
        code = (
            f"import socket\nconnected = []\nfor family, address in {addresses!r}:\n"
            "    with socket.socket(getattr(socket, family)) as each:\n        each.settimeout(2)\n"
            "        if each.connect_ex(address) == 0:\n            connected.append(str(address))\nconnected"
        )
        assert inside(code) == []


def test_it_can_talk_to_itself(inside: Run) -> None:
    code = (
        "import socket\nwith socket.socket() as server, socket.socket() as client:\n"
        "    server.bind(('127.0.0.1', 0)); server.listen(); found = client.connect_ex(server.getsockname())\nfound"
    )
    assert inside(code) == 0


def test_no_host_process_is_visible(inside: Run) -> None:
    assert inside("import os\nsorted(int(each) for each in os.listdir('/proc') if each.isdigit())") == [1, 2]


def test_no_shared_memory_of_the_host_is_visible(inside: Run) -> None:
    assert inside("len(open('/proc/sysvipc/shm').read().splitlines())") == 1


def test_what_it_starts_ends_with_it(inside: Run, tmp_path: Path) -> None:
    code = "import subprocess\nsubprocess.Popen(['sleep', '987'], start_new_session=True)\n0"
    assert inside(code, mount=("/working", tmp_path)) == 0
    assert not [each for each in Path("/proc").glob("[0-9]*/cmdline") if _text(each) == "sleep\x00987\x00"]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


@pytest.mark.network
def test_its_layer_is_there_and_cannot_be_changed(inside: Run) -> None:
    assert inside("import six\n" + REFUSED.format("open(six.__file__, 'a')")) == 30


def test_nothing_is_built_for_it(local_index: LocalIndex, cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local_index.add("acme-built", source_distribution("acme_built"))
    monkeypatch.setenv("UV_INDEX_URL", local_index.url())
    options: Any = {"preinstalled": ["acme-built"], "allow_build": ["acme-built"]}
    assert forerun.run("import acme_built", **options).status == "success"
    try:
        result = forerun.run("import acme_built", sandbox=True, **options)
    except ContainmentError as error:
        skip_where_not_permitted(error)
    assert result.status == "install-error"
    assert "built" in result.error


@pytest.mark.parametrize(
    ("option", "flag"), [({"sandbox": True}, "--sandbox"), ({"no_network": True}, "--no-network")], ids=str
)
def test_where_it_cannot_be_had_nothing_is_run(
    option: dict[str, Any], flag: str, cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORERUN_NO_NAMESPACES", "1")
    with pytest.raises(ContainmentError, match=f"{flag} is not to be had on this machine .*nothing was run"):
        forerun.run("open('ran', 'w')", folder=tmp_path, **option)
    assert list(tmp_path.iterdir()) == []


def test_a_sandbox_that_cannot_be_made_whole_is_not_made(tmp_path: Path) -> None:
    job = Job(["/bin/sh", "-c", f"touch {tmp_path}/ran"], {}, visible=[("/nothing/here", "/nothing/here", False)])
    with pytest.raises(SandboxRefused):
        start(job)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("python", "is_shown"),
    [
        ("/usr/bin/python3", True),
        ("/usr/local/bin/python3", True),
        ("/home/joe/.pyenv/versions/3.12.1/bin/python3.12", True),
        ("/home/joe/bin/python3", False),
        ("/home/bin/python3", False),
        ("/bin/python3", False),
        ("/opt/bin/python3", False),
        ("/var/cache/bin/python3", False),
    ],
)
def test_an_interpreter_is_not_shown_with_somebody_s_home(python: str, is_shown: bool) -> None:
    private = ("/home/joe", "/var/cache/forerun")
    if is_shown:
        assert python.startswith(checked_prefix(python, *private) + "/bin/")
    else:
        with pytest.raises(ContainmentError, match="with much beside it"):
            checked_prefix(python, *private)


def test_a_deadline_holds_in_it(cache_dir: Path) -> None:
    try:
        result = forerun.run("import time\nprint('on', flush=True)\ntime.sleep(60)", sandbox=True, timeout=1)
    except ContainmentError as error:
        skip_where_not_permitted(error)
    assert (result.status, result.output) == ("timeout", "on\n")


def test_runs_side_by_side_see_nothing_of_each_other(inside: Run) -> None:
    seen: list[Any] = []
    code = (
        "import os, time\nopen('/tmp/mine', 'x').close()\ntime.sleep(0.5)\n"
        "len([each for each in os.listdir('/proc') if each.isdigit()])"
    )
    threads = [threading.Thread(target=lambda: seen.append(inside(code))) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert seen == [2, 2, 2]


Sandboxed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sandboxed(forerun_command: list[str], cache_dir: Path) -> Sandboxed:
    """Runs `forerun run --sandbox` in a folder, where the machine can give one."""

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*forerun_command, "run", "--sandbox", *arguments],
            cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env={**os.environ, "FORERUN_CACHE_DIR": str(cache_dir), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        if "not permitted" in done.stderr or "No space left" in done.stderr:
            pytest.skip(done.stderr)
        return done

    return run


@pytest.mark.parametrize("given", ["a.py", "./a.py", "below/../a.py"])
def test_a_command_sees_its_own_script_by_whatever_path_it_was_given(
    given: str, sandboxed: Sandboxed, tmp_path: Path
) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "a.py").write_text("import os\nprint(sorted(os.listdir(os.path.dirname(os.path.abspath(__file__)))))")
    done = sandboxed(tmp_path, given)
    assert (done.stdout, done.stderr, done.returncode) == ("['a.py']\n", "", 0)


@pytest.mark.parametrize("shown", ["folder", "file"])
def test_a_command_sees_the_module_that_it_runs_and_nothing_beside_it(
    shown: str, sandboxed: Sandboxed, tmp_path: Path
) -> None:
    code = "import os, sys; sys.stdout.write(f'{__name__} {os.getcwd()} {sorted(os.listdir())}')\n"
    (tmp_path / "secret.txt").write_text("")
    if shown == "folder":
        (tmp_path / "pkg").mkdir()
        (tmp_path / "pkg" / "__init__.py").write_text("")
        (tmp_path / "pkg" / "part.py").write_text("from . import other\n" + code)
        (tmp_path / "pkg" / "other.py").write_text("")
    else:
        (tmp_path / "pkg.py").write_text(code)
    module, seen = ("pkg.part", "pkg") if shown == "folder" else ("pkg", "pkg.py")
    done = sandboxed(tmp_path, "-m", module)
    assert (done.stdout, done.stderr, done.returncode) == (f"__main__ {tmp_path} {[seen]}", "", 0)


@pytest.mark.parametrize("way", ["folder", "a link to it", "module"])
@pytest.mark.parametrize("private", ["home", "store"])
def test_a_folder_with_somebody_s_home_or_the_store_in_it_is_not_shown(
    private: str, way: str, sandboxed: Sandboxed, cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it has a `__main__.py`: what lies beside that is the person's own."""
    folder = tmp_path / "joe"
    (folder / "home").mkdir(parents=True)
    (folder / "__main__.py").write_text("open('/ran', 'w')\n")
    (tmp_path / "link").symlink_to(folder)
    if private == "home":
        monkeypatch.setenv("HOME", str(folder / "home"))
    else:
        (folder / "__main__.py").rename(cache_dir.parent / "__main__.py")
        (tmp_path / "link").unlink()
        (tmp_path / "link").symlink_to(cache_dir.parent)
        folder = cache_dir.parent
    given = {"folder": [str(folder)], "a link to it": [f"{tmp_path}/link"], "module": ["-m", folder.name]}[way]
    try:
        done = sandboxed(folder.parent, *given)
    finally:
        (folder / "__main__.py").unlink()
    why = f"forerun: --sandbox would show the script all of {folder}; put what is to run into a folder of its own\n"
    assert (done.stdout, done.stderr, done.returncode) == ("", why, 3)


def test_a_script_in_the_home_folder_is_shown_alone(
    sandboxed: Sandboxed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "secret").touch()
    (tmp_path / "a.py").write_text("import os; print(os.listdir(os.path.dirname(os.path.abspath(__file__))))")
    done = sandboxed(tmp_path, "a.py")
    assert (done.stdout, done.stderr, done.returncode) == ("['a.py']\n", "", 0)


@pytest.mark.parametrize("folder", ["/", "/tmp", "/home"])
def test_a_folder_of_the_system_is_not_shown(folder: str) -> None:
    with pytest.raises(RunnerError, match=f"all of {folder};"):
        checked_program(folder, "/nobody")


@pytest.mark.parametrize("shown", ["its own folder", "another"])
def test_a_sandboxed_module_works_in_its_mount(shown: str, sandboxed: Sandboxed, tmp_path: Path) -> None:
    """Also where the mount is another folder: what it writes is not lost with the sandbox."""
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    (own / "pkg.py").write_text("import os; open('made', 'w').close(); print(os.getcwd())\n")
    folder = other if shown == "another" else own
    done = sandboxed(own, "--mount", "/working", "--path", str(folder), "-m", "pkg")
    assert (done.stdout, done.stderr, done.returncode) == ("/working\n", "", 0)
    assert (folder / "made").exists()


def test_a_module_that_the_sandbox_hides_is_said_to_be_hidden(sandboxed: Sandboxed, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("")
    (tmp_path / "a.py").write_text("import helper\n")
    done = sandboxed(tmp_path, "a.py")
    assert done.returncode == 1
    assert "helper is beside the script, where the sandbox does not look" in done.stderr
    assert "--mount /working --path FOLDER" in done.stderr
