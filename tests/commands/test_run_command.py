"""`forerun FILE` and `forerun run`: options, exit codes, and what a person reads when something is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forerun.commands.run_options import parse_options
from forerun.resolver.trust import policy

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]

DEAR = {
    "json", "subprocess", "dataclasses", "re", "typing", "pathlib", "shutil", "tempfile", "argparse", "rich",
    "packaging", "asyncio", "importlib.metadata", "inspect", "threading", "ctypes", "hashlib", "forerun.runner.layer",
    "forerun.runner.missing_module", "forerun.runner.mount_namespace",
}  # fmt: skip


def sentence(done: subprocess.CompletedProcess[str], code: int) -> str:
    """Return the one line on stderr, after checking that there is no more than that."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("forerun: ")
    return lines[0].removeprefix("forerun: ")


def test_a_warm_plain_run_loads_nothing_dear(run_forerun: Forerun, forerun_command: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os, sys\nprint('ran')\n")
    run_forerun("a.py")
    timed = [forerun_command[0], "-I", "-X", "importtime"]
    ours = subprocess.run(
        [*timed, *forerun_command[1:], "a.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    bare = subprocess.run([*timed, "-c", "pass"], capture_output=True, text=True, timeout=120, check=True)
    loaded = imported(ours.stderr) - imported(bare.stderr)
    assert ours.stdout == "ran\n"
    assert "forerun.runner.supervisor" in loaded
    assert {each for each in loaded if each.partition(".")[0] in DEAR or each in DEAR} == set()


def imported(report: str) -> set[str]:
    return set(re.findall(r"^import time:.*\|\s*([\w.]+)$", report, re.MULTILINE))


def test_help(run_forerun: Forerun) -> None:
    done = run_forerun("run", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for option in (
        "-c CODE", "--with REQUIREMENT", "--timeout SECONDS", "--no-retry", "--max-retries N", "--mount VIRTUAL",
        "--path DIR", "--trust", "--allow NAME", "--deny NAME", "FILE [args...]",
    ):  # fmt: skip
        assert option in done.stdout


ARGUMENTS = ["-c", "-x", "y", "--help", "-c"]


def test_code(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("word = 'found'")
    code = "import sys, os, beside; print(beside.word, sys.argv, os.getcwd()); 1 + 1"
    done = run_forerun("run", "--no-retry", "--max-retries", "2", "-c", code, "-x", "y", "--help", "-c")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"found {ARGUMENTS} {tmp_path}\n", "")


def test_a_traceback_of_code_shows_its_lines_and_no_others(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("# another\n# file\n")
    done = run_forerun("run", "-c", "x = 0\nprint(1 / x)")
    assert done.returncode == 1
    assert done.stderr.startswith(
        'Traceback (most recent call last):\n  File "main.py", line 2, in <module>\n    print(1 / x)\n'
    )
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert "forerun" not in done.stderr


def test_a_script_from_standard_input(run_forerun: Forerun) -> None:
    done = run_forerun("run", "-", "a", input="import sys\nprint(sys.argv[1:], repr(sys.stdin.read()))")
    assert (done.returncode, done.stdout, done.stderr) == (0, "['a'] ''\n", "")


def test_a_script_through_a_pipe_by_name(run_forerun: Forerun) -> None:
    done = run_forerun("run", "/dev/stdin", "a", input="import sys\nprint(sys.argv[1:], __name__)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "['a'] __main__\n", "")


def test_options_after_the_script_are_the_scripts(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import sys\nprint(sys.argv)")
    for before in ((), ("run",), ("run", "--no-retry")):
        done = run_forerun(*before, "a.py", "--timeout", "x", "-c", "--help", "--", "-")
        assert done.stdout == "['a.py', '--timeout', 'x', '-c', '--help', '--', '-']\n"


def test_all_unknown_imports_are_named_at_once(run_forerun: Forerun) -> None:
    done = run_forerun("run", "-c", "import zz_one_zq, zz_two_zq, zz_three_zq")
    assert done.returncode == 1
    assert "provide zz_one_zq;" in done.stderr
    assert "provide zz_three_zq, zz_two_zq either\n" in done.stderr


def test_a_notebook(run_forerun: Forerun, tmp_path: Path) -> None:
    cells = '{"cell_type": "code", "source": ["x = 6 * 7\\n", "print(x)"], "metadata": {}, "outputs": []}'
    (tmp_path / "a.ipynb").write_text(f'{{"cells": [{cells}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}')
    done = run_forerun("a.ipynb")
    assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")


def test_a_traceback_from_a_notebook_names_the_cell(run_forerun: Forerun, tmp_path: Path) -> None:
    sources = ("!ls\ndef f(x):\n    return 1 / x\n", "# a note", "x = 0\n\nf(x)")
    cells = [{"cell_type": "markdown" if each[0] == "#" else "code", "source": each} for each in sources]
    (tmp_path / "my plots.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    done = run_forerun("my plots.ipynb")
    assert done.returncode == 1
    assert 'File "my plots.ipynb, cell 2", line 3, in <module>\n    f(x)\n' in done.stderr
    assert 'File "my plots.ipynb, cell 1", line 3, in f\n    return 1 / x\n' in done.stderr
    assert "forerun: cell 1, line 1 (!ls) is not executed, since only notebooks can\n" in done.stderr


BAD_USE = {
    "missing file": (("missing.py",), "no such file"),
    "missing file by run": (("run", "missing"), "no such file"),
    "folder": (("run", "."), "is a folder"),
    "folder by separator": (("./",), "is a folder"),
    "no script": (("run", "--no-retry"), "name a script"),
    "no command": (("nonsense",), "is no command and no script"),
    "options before the script": (("--timeout", "1", "a.py"), "stand behind the command: forerun run --timeout 1 a.py"),
}


@pytest.mark.parametrize(("arguments", "reason"), BAD_USE.values(), ids=BAD_USE.keys())
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], reason: str, run_forerun: Forerun) -> None:
    assert reason in sentence(run_forerun(*arguments), 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--timeout", "0"), ("--timeout", "-1"), ("--timeout", "soon"), ("--timeout", "nan"), ("--max-retries", "-1"),
        ("--max-retries", "many"), ("--trust", "all"), ("--nonsense",), ("-c",),
        ("--no-retr", "a.py"), ("--mount", "/usr", "-c", "1"), ("--mount", "/working", "--path", "missing", "-c", "1"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_bad_options(arguments: tuple[str, ...], run_forerun: Forerun) -> None:
    done = run_forerun("run", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: forerun run")
    assert "error: " in done.stderr


def test_options_become_a_request(tmp_path: Path) -> None:
    given = parse_options(
        ["--with", "a<2", "--with=b", "--timeout", "2.5", "--max-retries", "1", "--mount", "/working", "--path",
         str(tmp_path), "--trust", "curated", "--allow", "X_y", "--deny", "z", "FILE", "--deny", "w"]
    )  # fmt: skip
    request = given.request
    assert (request.preinstalled, request.deadline, request.max_retries) == (("a<2", "b"), 2.5, 1)
    assert request.mounts == (("/working", str(tmp_path.resolve())),)
    assert request.policy == policy("curated", ["x-y"], ["z"])
    assert given.rest == ["FILE", "--deny", "w"]
    assert parse_options(["--no-retry", "--max-retries", "3", "F"]).request.max_retries == 0


def test_a_timeout(run_forerun: Forerun) -> None:
    done = run_forerun("run", "--timeout", "3", "-c", "import time\nprint('begun', flush=True)\ntime.sleep(600)")
    assert done.stdout == "begun\n"
    assert sentence(done, 124) == "the script was ended after 3 seconds"


def test_a_timeout_of_a_script_that_ignores_it(run_forerun: Forerun) -> None:
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)"
    done = run_forerun("run", "--timeout", "1", "-c", code)
    assert sentence(done, 124) == "the script was ended after 1 second"


def test_a_refusal_says_why_and_what_to_do(run_forerun: Forerun) -> None:
    said = sentence(run_forerun("run", "-c", "print('ran')\nimport django_blog_zinnia"), 3)
    assert said.startswith("not run: django-blog-zinnia is on the package index but neither curated nor popular")
    assert "--allow django-blog-zinnia" in said


def test_a_refusal_of_several_names_says_all_of_them_and_one_step(run_forerun: Forerun) -> None:
    code = "print('ran')\nimport django_blog_zinnia\nimport requestz, six"
    done = run_forerun("run", "--deny", "six", "-c", code)
    assert (done.returncode, done.stdout) == (3, "")
    lines = done.stderr.splitlines()
    assert [line.split()[:4] for line in lines[:3]] == [
        ["forerun:", "not", "run:", name] for name in ("django-blog-zinnia", "requestz", "six")
    ]
    assert lines[3:] == ["forerun: if you know them, allow them with --allow django-blog-zinnia --allow requestz"]


@pytest.mark.network
def test_requirements_of_the_caller(run_forerun: Forerun) -> None:
    done = run_forerun("run", "--with", "six==1.16.0", "-c", "import six\nprint(six.__version__)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1.16.0\n", "")
    assert "six==99.0" in sentence(run_forerun("run", "--with", "six==99.0", "-c", "1"), 3)


@pytest.mark.network
def test_a_mount(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "in.txt").touch()
    (tmp_path / "a.py").write_text("import os, six\nprint(sorted(os.listdir('/working')), os.getcwd())\n")
    done = run_forerun("run", "--mount", "/working", "a.py")
    if "Operation not permitted" in done.stderr:
        pytest.skip("this system lets nobody make a mount namespace")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"['a.py', 'in.txt'] {tmp_path}\n", "")


def namespace(flag: str, *command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a namespace of its own, or skip."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, flag, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets us make no namespaces")
    return subprocess.run(
        [unshare, flag, *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
        **options,
    )


@pytest.mark.network
def test_without_a_network(run_forerun: Forerun, forerun_command: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import six\nprint(six.PY3)\n")
    # Nothing in uv's own cache either.
    environment = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "uv"), "UV_HTTP_RETRIES": "0"}
    cold = namespace("-n", *forerun_command, "a.py", cwd=tmp_path, env=environment)
    said = sentence(cold, 3)
    assert said.startswith("cannot install six: the package index cannot be reached")
    assert cold.stdout == ""
    assert run_forerun("a.py").returncode == 0
    warm = namespace("-n", *forerun_command, "a.py", cwd=tmp_path)
    assert (warm.returncode, warm.stdout, warm.stderr) == (0, "True\n", "")


def test_a_cache_folder_that_is_read_only(forerun_command: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    (tmp_path / "a.py").write_text("print('ran')")
    bind = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    environment = {**os.environ, "FORERUN_CACHE_DIR": str(folder)}
    for _ in ("empty", "made before"):
        done = namespace("-m", "sh", "-c", bind, str(folder), *forerun_command, "a.py", cwd=tmp_path, env=environment)
        assert "cannot be written to; set FORERUN_CACHE_DIR" in sentence(done, 3)
        subprocess.run([*forerun_command, "a.py"], cwd=tmp_path, env=environment, check=True, capture_output=True)


def test_a_cache_folder_that_is_none(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run_forerun("run", "-c", "1", env={**os.environ, "FORERUN_CACHE_DIR": str(tmp_path / "file")})
    assert "is not a folder; set FORERUN_CACHE_DIR" in sentence(done, 3)


def test_a_full_disk_is_one_sentence(run_forerun: Forerun) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "forerun", "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert "Traceback" not in done.stderr
    assert done.returncode != 0


@pytest.mark.parametrize("way", ["code", "stdin"])
def test_lines_of_a_notebook_are_left_out_and_named(way: str, run_forerun: Forerun) -> None:
    code = "%matplotlib inline\nx = !ls\nprint(x)\n"
    done = run_forerun("run", "-c", code) if way == "code" else run_forerun("run", "-", input=code)
    assert done.stdout == "[]\n"
    assert sentence(done, 0) == (
        "line 1 (%matplotlib) and line 2 (!ls) are not executed, since only notebooks can; "
        "what is assigned there is empty"
    )
