"""Requirements -> a lock with hashes -> files in an environment, by uv."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager

from .deletion import delete
from .errors import InstallerMissing, InstallError, RunnerError
from .explanation import Explanation, explain
from .index_settings import index_settings, secrets_in
from .layout import site_packages_of
from .lock_form import build_options, is_pylock, locked_distributions
from .process import alongside, run_tool
from .search import PIP_BUILDS, SCRIPT_BUILDS, Search
from .verification import differing, files_in
from .windows_skeleton import is_own_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .lock_request import LockRequest
    from .process import Cancellation, ToolOutput

DEADLINE = 3600.0
"""Seconds after which an installer that says nothing more is taken for hung."""

COMPLETE_LOCK = ("--generate-hashes", "--no-annotate", "--no-header", "--emit-build-options")
PASSED = ("XDG_", "LC_", "SSL_", "LD_LIBRARY_PATH", "DYLD_")
ON_WINDOWS = (
    " SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES USERPROFILE USERNAME "
    "PROCESSOR_ARCHITECTURE"
)
PASSED_WHOLE = frozenset(
    "PATH HOME USER LOGNAME LANG LANGUAGE SHELL NETRC CC CXX CFLAGS LDFLAGS PKG_CONFIG_PATH "
    f"REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NO_PROXY no_proxy{ON_WINDOWS if sys.platform == 'win32' else ''}".split()
)
"""Environment variables that an installer needs; a build, which runs a project's code, sees no other of ours."""

FEW_RETRIES, RETRIES = 1, 2
"""Retries before the cache is tried, and after it: the waits are seconds, each twice as long as the one before."""

MANY_FILES = 1_000
"""Files whose check takes longer than to start a program beside it."""

LARGEST_CONFIGURATION = 60_000
"""Bytes that a pipe takes in at once."""


class Uv:
    """The installer uv, found through its Python package; satisfies the Installer protocol of `layer.py`."""

    def __init__(self, cancellation: Cancellation | None = None, *, is_refreshed: bool = False) -> None:
        self._program = _find_uv()
        self._cancellation = cancellation
        self._settings = index_settings(os.environ)
        self._freshness = ["--refresh"] if is_refreshed else []
        self._is_offline = False

    @property
    def identity(self) -> str:
        """What the files of a lock may depend on besides the lock."""
        return f"uv {self._settings.identity}"

    def lock(self, wanted: LockRequest, python: str, folder: str, *, is_for_people: bool = False) -> str:
        """Return a complete lock with hashes: in requirements.txt form, or in that of PEP 751 under settings.

        Wheels are taken; a source distribution only where there is no usable wheel and `wanted` allows it. Of guesses,
        only releases that are at least a week old are taken, since a hijacked one is usually found by then.

        Raises:
            InstallError: no set of distributions satisfies the requirements.
        """
        if wanted.settings:
            return self._lock_script(wanted, python, folder, is_for_people=is_for_people)
        listed = os.path.join(folder, "requirements.in")
        with open(listed, "w", encoding="utf-8") as file:
            file.writelines(f"{each}\n" for each in wanted.requirements)
        search = Search(self, wanted, folder)
        command = ["pip", "compile", *COMPLETE_LOCK, *self._freshness, "--python", python, listed]
        text = self._checked(search.made(command, PIP_BUILDS), wanted)
        return search.notes + text

    def _lock_script(self, wanted: LockRequest, python: str, folder: str, *, is_for_people: bool) -> str:
        """Let uv lock a copy of a script block, which alone honours all of `[tool.uv]`; nothing is left elsewhere."""
        script = os.path.join(folder, "script.py")
        with open(script, "w", encoding="utf-8") as file:
            file.write(wanted.block)
        search = Search(self, wanted, folder)
        named = ["--script", script, "--python", python]
        self._checked(search.made(["lock", *self._freshness, *named], SCRIPT_BUILDS), wanted)
        export = ["export", *named, "--frozen", "--no-header", "--no-annotate", "--format"]
        if is_for_people:
            return search.notes + self._checked(self.run([*export, "requirements.txt"], folder), wanted)
        text = self._checked(self.run([*export, "pylock.toml"], folder), wanted)
        pylock = os.path.join(folder, "pylock.toml")
        with open(pylock, "w", encoding="utf-8") as file:
            file.write(text)
        # A lock for all systems shows only when it is installed what has a wheel for this one.
        install = ["pip", "install", "--dry-run", "--no-deps", "--python", python, "-r", pylock]
        self._checked(search.made(install, PIP_BUILDS), wanted)
        return search.notes + text

    def _checked(self, output: ToolOutput, wanted: LockRequest) -> str:
        if output.code:
            raise self._failure(wanted.requirements, output)
        return output.stdout.decode()

    def install(self, lock: str, python: str, folder: str, meanwhile: Sequence[str] = ()) -> None:
        """Install exactly what a lock names into the environment of `python`, as files shared with no cache.

        `meanwhile` is a program that may run beside the check of many files, and be ended at any moment.

        Raises:
            InstallError: something cannot be fetched, verified, built or written.
        """
        is_plain = not is_pylock(lock)
        locked = os.path.join(folder, "requirements.txt" if is_plain else "pylock.toml")
        with open(locked, "w", encoding="utf-8") as file:
            file.write(lock)
        # PEP 751 always has hashes where there can be any.
        checked = ["--require-hashes"] if is_plain else build_options(lock)
        command = ["pip", "install", "--no-deps", "--link-mode", "copy", "--python", python, "-r", locked, *checked]
        self._install(command, lock, folder)
        site_packages = site_packages_of(python)
        if _differs(site_packages, meanwhile):
            # What uv's cache holds was changed since it was unpacked; what comes afresh is checked against the lock.
            _empty(python, site_packages)
            self._install([*command, "--cache-dir", os.path.join(folder, "cache")], lock, folder)

    def _install(self, command: Sequence[str], lock: str, folder: str) -> None:
        output = self.run(command, folder)
        if output.code:
            raise self._failure([str(each) for each in locked_distributions(lock)], output)

    def run(self, arguments: Sequence[str], folder: str) -> ToolOutput:
        """Run uv; where it cannot reach the index, with what its own cache holds, and with more patience if need be."""
        if self._is_offline:
            return self.run_once([*arguments, "--offline"], folder)
        output = self.run_once(arguments, folder, retries=FEW_RETRIES)
        if not self._is_unreachable(output):
            return output
        cached = self.run_once([*arguments, "--offline"], folder)
        if not cached.code:
            self._is_offline = True
            return cached
        output = self.run_once(arguments, folder)
        self._is_offline = self._is_unreachable(output)
        return output

    def _is_unreachable(self, output: ToolOutput) -> bool:
        return output.code != 0 and self._explain(output).kind == "network"

    def run_once(
        self, arguments: Sequence[str], folder: str, verbosity: str = "--quiet", retries: int = RETRIES
    ) -> ToolOutput:
        """Run uv in an empty folder, with the environment variables that it may see.

        `retries` is how often a request is repeated that failed, unless the person's own variables say so.
        """
        # A project's settings in the current folder are not the operator's, so uv is started elsewhere; and what it
        # leaves behind when it is killed goes with that folder.
        passed = {name: value for name, value in os.environ.items() if name.startswith(PASSED) or name in PASSED_WHOLE}
        usual = {"UV_SYSTEM_CERTS": "1", "UV_HTTP_RETRIES": str(retries)}
        ours = {"UV_NO_PROGRESS": "1", "NO_COLOR": "1", "TMPDIR": folder, "TEMP": folder, "TMP": folder}
        environment = {**usual, **passed, **self._settings.variables, **ours}
        with _readable_once(self._settings.configuration, folder) as (told, descriptors):
            command = [self._program, verbosity, *arguments, *told]
            return run_tool(command, environment, folder, DEADLINE, self._cancellation, descriptors=descriptors)

    def _explain(self, output: ToolOutput) -> Explanation:
        return explain(_text(output), secrets_in(os.environ.values()))

    def _failure(self, requirements: Sequence[str], output: ToolOutput) -> InstallError:
        why = self._explain(output)
        return InstallError(requirements, why.text, is_offline=why.kind == "network")


def _differs(site_packages: str, meanwhile: Sequence[str]) -> bool:
    files = files_in(site_packages)
    if len(files) < MANY_FILES or not meanwhile:
        return bool(differing(site_packages, files))
    with alongside(meanwhile):
        return bool(differing(site_packages, files))


def _empty(python: str, site_packages: str) -> None:
    delete(site_packages)
    os.makedirs(site_packages, mode=0o700)
    with os.scandir(os.path.dirname(python)) as programs:
        for each in programs:
            if not each.is_symlink() and not is_own_program(each.name):
                delete(each.path)


@contextmanager
def _readable_once(text: str, folder: str) -> Iterator[tuple[list[str], list[int]]]:
    """Give uv's option for a configuration, none for "", and the descriptors that uv must inherit for it.

    It is a pipe, so that who reads it first is the only one; on Windows, which has no names for pipes of that kind, a
    file that is there for as long as uv runs.
    """
    if not text:
        yield [], []
    elif sys.platform == "win32":
        path = os.path.join(folder, "configuration.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        try:
            yield ["--config-file", path], []
        finally:
            os.unlink(path)
    else:
        with _pipe_holding(text) as reader:
            yield ["--config-file", f"/dev/fd/{reader}"], [reader]


@contextmanager
def _pipe_holding(text: str) -> Iterator[int]:
    if len(text.encode()) > LARGEST_CONFIGURATION:
        raise RunnerError("the index settings are too long to be handed to uv; shorten them")
    reader, writer = os.pipe()
    try:
        os.write(writer, text.encode())
        os.close(writer)
        yield reader
    finally:
        os.close(reader)


def _find_uv() -> str:
    try:
        import uv

        return os.fsdecode(uv.find_uv_bin())
    except (ImportError, FileNotFoundError):
        import shutil

        found = shutil.which("uv")
        if found:
            return found
        raise InstallerMissing from None


def _text(output: ToolOutput) -> str:
    return output.stderr.decode("utf-8", "replace")
