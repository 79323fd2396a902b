"""On a terminal: job control, Ctrl-C, prompts and progress, through a pseudo-terminal and a real shell."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Open, Terminal

DEADLINE = 120.0


@pytest.fixture
def shell(terminal: Open, forerun_command: list[str], tmp_path: Path) -> Terminal:
    """An interactive shell with job control, in which `frn` is the command."""
    starter = tmp_path / "frn"
    words = " ".join("'" + each.replace("'", "'\\''") + "'" for each in forerun_command)
    starter.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    starter.chmod(0o700)
    opened = terminal("bash", "--norc", "--noediting", "-i")
    opened.send("PS1='$ '; PATH=$PWD:$PATH; stty -echo\n")
    opened.send("echo re''ady\n")
    opened.expect("ready\r\n")
    return opened


def test_ctrl_c_reaches_the_script_once(terminal: Open, forerun_command: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "import signal, time\nseen = []\nsignal.signal(signal.SIGINT, lambda *_: seen.append(1))\n"
        "print('begun', flush=True)\nwhile not seen:\n    time.sleep(.02)\ntime.sleep(.5)\nprint('seen', len(seen))\n"
    )
    opened = terminal(*forerun_command, "a.py")
    opened.expect("begun")
    opened.send("\x03")
    opened.expect("seen 1\r\n")
    assert opened.end() == 0


def test_ctrl_c_ends_the_script_as_it_ends_python(terminal: Open, forerun_command: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    opened = terminal(*forerun_command, "a.py")
    opened.expect("begun")
    opened.send("\x03")
    assert opened.end() == -signal.SIGINT
    assert opened.seen.count("Traceback") == 1
    assert "forerun" not in opened.seen.replace(str(tmp_path), "")


def test_prompts_and_the_size_of_the_terminal(terminal: Open, forerun_command: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "import os, sys\nprint(os.isatty(0), os.isatty(1), os.isatty(2), os.get_terminal_size(0))\n"
        "with open('/dev/tty', 'w') as tty:\n    tty.write('direct\\n')\nprint('hello ' + input('name? '))\n"
    )
    opened = terminal(*forerun_command, "a.py")
    opened.expect("True True True os.terminal_size")
    opened.expect("direct")
    opened.expect("name? ")
    opened.send("you\n")
    opened.expect("hello you\r\n")
    assert opened.end() == 0


def wait_until_stopped(process: str) -> None:
    until = time.monotonic() + DEADLINE
    while Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < until
        time.sleep(0.01)


def test_stop_and_continue(shell: Terminal, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os\nprint('begun', os.getpid(), flush=True)\nprint('got ' + input())\n")
    shell.send("frn a.py\n")
    shell.expect("begun ")
    script = shell.expect("\r\n")
    shell.send("\x1a")
    shell.expect("Stopped")
    # Until it prompts, the shell may throw away what is typed.
    shell.expect("$ ")
    # The shell only waits for forerun; on a busy machine the script has yet to notice, and would read what is typed.
    wait_until_stopped(script)
    shell.send("fg\n")
    shell.expect("frn a.py")
    shell.send("words\n")
    shell.expect("got words\r\n")
    shell.send("echo code $?\n")
    shell.expect("code 0\r\n")


def test_in_the_background(shell: Terminal, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "import time\nwhile not __import__('os').path.exists('go'):\n    time.sleep(.02)\nprint('done ' * 2)\n"
    )
    shell.send("frn a.py &\n")
    shell.send("echo fore''ground; touch go; wait; echo waited $?\n")
    shell.expect("foreground\r\n")
    shell.expect("done done")
    shell.expect("waited 0\r\n")


def test_reading_in_the_background_stops_the_job(shell: Terminal, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print('got ' + input())\n")
    shell.send("frn a.py &\n")
    until = time.monotonic() + DEADLINE
    while "Stopped" not in shell.seen:
        assert time.monotonic() < until, shell.seen
        time.sleep(0.3)
        shell.send("jobs; echo lis''ted\n")
        shell.expect("listed\r\n")
    shell.send("fg\n")
    shell.expect("frn a.py")
    shell.send("words\n")
    shell.expect("got words\r\n")
    shell.send("echo code $?\n")
    shell.expect("code 0\r\n")


@pytest.mark.network
def test_progress_is_shown_and_taken_away(terminal: Open, forerun_command: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import text_unidecode\nprint('ran')\n")
    opened = terminal(*forerun_command, "a.py")
    assert opened.end() == 0
    assert "Installing text-unidecode==" in opened.seen
    assert opened.seen.rstrip().endswith("ran")
    assert opened.seen.count("\x1b[?25l") == opened.seen.count("\x1b[?25h") > 0
    again = terminal(*forerun_command, "a.py")
    assert again.end() == 0
    assert again.seen == "ran\r\n"


@pytest.mark.network
def test_a_rerun_is_announced_before_it_happens(terminal: Open, forerun_command: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "import importlib\nprint('start')\nimportlib.import_module('xis'[::-1])\nprint('end')\n"
    )
    opened = terminal(*forerun_command, "a.py")
    opened.expect("start\r\n")
    assert "six is missing; running again with six" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", opened.expect("start\r\n"))
    opened.expect("end\r\n")
    assert opened.end() == 0


def test_ctrl_c_while_installing(terminal: Open, forerun_command: list[str], tmp_path: Path, cache_dir: Path) -> None:
    # An index that accepts and never answers, so that the installer is under way for as long as we like.
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_INDEX_URL", f"http://127.0.0.1:{server.getsockname()[1]}/simple")
        patch.setenv("UV_NO_CACHE", "1")
        (tmp_path / "a.py").write_text("import six\n")
        opened = terminal(*forerun_command, "a.py")
        opened.expect("Resolving six")
        server.accept()[0].close()
        opened.send("\x03")
        assert opened.end() == 130
    assert "Traceback" not in opened.seen
    assert opened.seen.count("\x1b[?25l") == opened.seen.count("\x1b[?25h") > 0


def test_a_warm_run_on_a_terminal_loads_nothing_for_progress(
    terminal: Open, forerun_command: list[str], tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text("print('ran')\n")
    opened = terminal(forerun_command[0], "-X", "importtime", *forerun_command[1:], "a.py")
    assert opened.end() == 0
    assert "forerun.runner.run" in opened.seen
    assert "rich" not in opened.seen
