"""Fixtures that several folders of tests share: one store of environments a session, and the command `forerun`."""

from __future__ import annotations

import gc
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forerun.runner.forks import available_cores

DEADLINE = 300.0
"""Seconds; generous, since it only ends what hangs."""

MOST_WORKERS = 4
"""Each has a store of its own and builds its own layers, so that more of them gain little."""

TOGETHER = {
    "large layers": "test_examples test_readme runner/test_artefacts runner/test_fallback runner/test_missing_messages "
    "runner/test_outcomes server/test_install server/test_results",
    "control groups": "runner/test_control_group runner/test_bubblewrap runner/test_limits server/test_containment",
    "packages of npm": "server/test_clients server/test_conformance",
}
"""Files for one worker: they need the same large things, or look at what the machine has only once."""
GROUPS = {f"tests/{name}.py": group for group, names in TOGETHER.items() for name in names.split()}

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Let all tests run in one process a core, file by file; tests that somebody picks run in this one, as ever."""
    is_all = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    # A worker, and a pytest that a test starts, must not start workers of their own.
    is_inner = hasattr(config, "workerinput") or "PYTEST_XDIST_WORKER" in os.environ
    if not config.pluginmanager.hasplugin("xdist") or not is_all or is_inner or config.option.collectonly:
        return
    if config.option.numprocesses is None and not config.option.usepdb:
        config.option.numprocesses = min(MOST_WORKERS, available_cores())
        config.option.dist = "loadscope"
        # The order of below instead, which puts what takes long first.
        config.option.loadscopereorder = False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file, or of a group of files, together.

    Not by marks of xdist: with them a worker appends the group to a test's name, which some versions of pytest ignore.
    """
    if config.option.dist != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class ByGroup(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return GROUPS.get(file, file)

    return ByGroup(config, log)


def pytest_configure() -> None:
    """Let Ctrl-C be for what is tested: a shell without job control has what it starts in the background ignore it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with slow files, so that no worker ends long after the others."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Spare the garbage collector a look at all tests, each time that one of them makes many objects."""
    gc.freeze()


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The store of all tests of a session, so that each layer is built once."""
    folder = tmp_path_factory.mktemp("cache") / "forerun"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORERUN_CACHE_DIR", str(folder))
        patch.setenv("FORERUN_CONFIG_DIR", str(folder.parent / "config"))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        # Where this machine's own settings say that distributions come from is not under test.
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.delenv("PIP_FIND_LINKS", raising=False)
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def outer(cache_dir: Path) -> dict[str, str]:
    """What an MCP client passes on to a server that it starts, and our store.

    And where distributions come from, as here: another index means other layers, and each would be built twice.
    """
    kept = {name: os.environ[name] for name in ("HOME", "PATH", "USER", "PIP_CONFIG_FILE") if name in os.environ}
    return {**kept, "FORERUN_CACHE_DIR": str(cache_dir)}


@pytest.fixture(scope="session")
def forerun_command() -> list[str]:
    """The argument vector of the command, by the interpreter that runs the tests."""
    source = Path(__file__).parent.parent / "src"
    starter = f"import sys; sys.path.insert(0, {str(source)!r}); from forerun.commands.main import forerun"
    return [sys.executable, "-c", f"{starter}; sys.exit(forerun())"]


@pytest.fixture
def run_forerun(cache_dir: Path, forerun_command: list[str], tmp_path: Path) -> Forerun:
    """Run the command in the test's own folder."""

    def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        options.setdefault("cwd", tmp_path)
        options.setdefault("env", dict(os.environ))
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(
            [*forerun_command, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            **options,
        )

    return run


ATTACH = (
    # A shell without job control has what it starts in the background ignore Ctrl-C.
    "import fcntl, os, signal, sys, termios\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\n"
    "os.setsid()\nfcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A program that has a terminal of its own."""

    def __init__(self, command: list[str], folder: Path) -> None:
        import pty

        self._master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "PS1": "$ ", "COLUMNS": "100"}
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-c", ATTACH, *command],
            stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=environment,
        )  # fmt: skip
        os.close(slave)
        self.seen = ""
        self._from = 0

    def expect(self, text: str) -> str:
        """Wait until the terminal shows text after what was expected last, and return everything up to it."""
        until = time.monotonic() + DEADLINE
        while (at := self.seen.find(text, self._from)) < 0:
            assert time.monotonic() < until, self.seen
            was_alive = self.process.poll() is None
            assert self._read(0.2) or was_alive, self.seen
        shown, self._from = self.seen[self._from : at], at + len(text)
        return shown

    def send(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> int:
        """Read to the end and return the exit code."""
        until = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            assert time.monotonic() < until, self.seen
            self._read(0.1)
        while self._read(0.1):
            pass
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)


Open = Callable[..., Terminal]


@pytest.fixture
def terminal(cache_dir: Path, tmp_path: Path) -> Iterator[Open]:
    opened = []

    def open_one(*command: str) -> Terminal:
        opened.append(Terminal(list(command), tmp_path))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
