"""Requirements -> a lock with hashes -> files in an environment, by uv."""

from __future__ import annotations

import os
from contextlib import contextmanager

from .deletion import delete
from .errors import InstallerMissing, InstallError, RunnerError
from .explanation import Explanation, explain
from .index_settings import index_settings, secrets_in
from .process import run_tool
from .verification import differing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .process import Cancellation, ToolOutput

DEADLINE = 3600.0
"""Seconds after which an installer that says nothing more is taken for hung."""

COMPLETE_LOCK = ("--generate-hashes", "--no-annotate", "--no-header", "--emit-build-options")
PASSED = ("XDG_", "LC_", "SSL_", "LD_LIBRARY_PATH", "DYLD_")
PASSED_WHOLE = frozenset(
    "PATH HOME USER LOGNAME LANG LANGUAGE SHELL SYSTEMROOT NETRC CC CXX CFLAGS LDFLAGS PKG_CONFIG_PATH "
    "REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NO_PROXY no_proxy".split()
)
"""Environment variables that an installer needs; a build, which runs a project's code, sees no other of ours."""

LARGEST_CONFIGURATION = 60_000
"""Bytes that a pipe takes in at once."""

GUESSES_AGE = "7 days"
NEEDS_WHEEL = "hint: Wheels are required for `"


class Uv:
    """The installer uv, found through its Python package; satisfies the Installer protocol of `layer.py`."""

    def __init__(self, cancellation: Cancellation | None = None, *, is_refreshed: bool = False) -> None:
        self._program = _find_uv()
        self._cancellation = cancellation
        self._settings = index_settings(os.environ)
        self._is_refreshed = is_refreshed
        self._is_offline = False

    @property
    def identity(self) -> str:
        """What the files of a lock may depend on besides the lock."""
        return f"uv {self._settings.identity}"

    def lock(
        self,
        requirements: Sequence[str],
        python: str,
        folder: str,
        may_build: Callable[[str], bool],
        guesses: Sequence[str] = (),
    ) -> str:
        """Return a complete lock with hashes for requirements, in requirements.txt form.

        Wheels are taken; a source distribution only where there is no usable wheel and `may_build` allows it. Of
        `guesses`, only releases that are at least a week old are taken, since a hijacked one is usually found by then.

        Raises:
            InstallError: no set of distributions satisfies the requirements.
        """
        listed = os.path.join(folder, "requirements.in")
        with open(listed, "w", encoding="utf-8") as file:
            file.writelines(f"{each}\n" for each in requirements)
        command = ["pip", "compile", *COMPLETE_LOCK, "--python", python, listed]
        if self._is_refreshed:
            command.append("--refresh")
        aged = [part for name in guesses for part in ("--exclude-newer-package", f"{name}={GUESSES_AGE}")]
        built: list[str] = []
        while True:
            only_wheels = ["--only-binary", ":all:", *(part for name in built for part in ("--no-binary", name))]
            output = self._run([*command, *only_wheels, *aged], folder)
            if output.code == 0:
                return output.stdout.decode()
            if aged and self._is_without_dates([*command, *only_wheels, *aged], folder):
                aged = []
                continue
            lacking = _names_without_wheel(_text(output)) - set(built)
            if not lacking or not all(map(may_build, lacking)):
                raise self._failure(requirements, output)
            built.extend(sorted(lacking))

    def _is_without_dates(self, arguments: Sequence[str], folder: str) -> bool:
        """Whether uv says that the index tells no dates: then no release can be known to be old enough."""
        output = self._run_once(arguments, folder, verbosity="--verbose")
        return b"missing an upload date" in output.stderr

    def install(self, lock: str, python: str, folder: str) -> None:
        """Install exactly what a lock names into the environment of `python`, as files shared with no cache.

        Raises:
            InstallError: something cannot be fetched, verified, built or written.
        """
        locked = os.path.join(folder, "requirements.txt")
        with open(locked, "w", encoding="utf-8") as file:
            file.write(lock)
        command = ["pip", "install", "--require-hashes", "--no-deps", "--link-mode", "copy", "--python", python]
        self._install([*command, "-r", locked], lock, folder)
        site_packages = site_packages_of(python)
        if differing(site_packages):
            # What uv's cache holds was changed since it was unpacked; what comes afresh is checked against the lock.
            cache = os.path.join(folder, "cache")
            _empty(python, site_packages)
            self._install([*command, "--cache-dir", cache, "-r", locked], lock, folder)

    def _install(self, command: Sequence[str], lock: str, folder: str) -> None:
        output = self._run(command, folder)
        if output.code:
            raise self._failure(
                [line.split(" ")[0] for line in lock.splitlines() if "==" in line and line[:1] not in " -#"], output
            )

    def _run(self, arguments: Sequence[str], folder: str) -> ToolOutput:
        """Run uv; where it cannot reach the index, once more with what its own cache holds."""
        if self._is_offline:
            arguments = [*arguments, "--offline"]
        output = self._run_once(arguments, folder)
        if output.code and not self._is_offline and self._explain(output).kind == "network":
            self._is_offline = True
            cached = self._run_once([*arguments, "--offline"], folder)
            return output if cached.code else cached
        return output

    def _run_once(self, arguments: Sequence[str], folder: str, verbosity: str = "--quiet") -> ToolOutput:
        # A project's settings in the current folder are not the operator's, so uv is started elsewhere; and what it
        # leaves behind when it is killed goes with that folder.
        passed = {name: value for name, value in os.environ.items() if name.startswith(PASSED) or name in PASSED_WHOLE}
        usual = {"UV_SYSTEM_CERTS": "1"}
        ours = {"UV_NO_PROGRESS": "1", "NO_COLOR": "1", "TMPDIR": folder}
        environment = {**usual, **passed, **self._settings.variables, **ours}
        with _readable_once(self._settings.configuration) as descriptors:
            told = [part for each in descriptors for part in ("--config-file", f"/dev/fd/{each}")]
            command = [self._program, verbosity, *arguments, *told]
            return run_tool(command, environment, folder, DEADLINE, self._cancellation, descriptors=descriptors)

    def _explain(self, output: ToolOutput) -> Explanation:
        return explain(_text(output), secrets_in(os.environ.values()))

    def _failure(self, requirements: Sequence[str], output: ToolOutput) -> InstallError:
        why = self._explain(output)
        return InstallError(requirements, why.text, is_offline=why.kind == "network")


def site_packages_of(python: str) -> str:
    """Return the folder in which an environment of ours, given by its interpreter, has its distributions."""
    library = os.path.join(os.path.dirname(os.path.dirname(python)), "lib")
    return os.path.join(library, os.listdir(library)[0], "site-packages")


def _empty(python: str, site_packages: str) -> None:
    delete(site_packages)
    os.makedirs(site_packages, mode=0o700)
    with os.scandir(os.path.dirname(python)) as programs:
        for each in programs:
            if not each.is_symlink():
                delete(each.path)


@contextmanager
def _readable_once(text: str) -> Iterator[list[int]]:
    """Give the descriptor of a pipe that holds a text, or none for "": who reads it first is the only one."""
    if not text:
        yield []
        return
    if len(text.encode()) > LARGEST_CONFIGURATION:
        raise RunnerError("the index settings are too long to be handed to uv; shorten them")
    reader, writer = os.pipe()
    try:
        os.write(writer, text.encode())
        os.close(writer)
        yield [reader]
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


def _names_without_wheel(text: str) -> frozenset[str]:
    return frozenset(
        line.strip()[len(NEEDS_WHEEL) :].partition("`")[0] for line in text.split("\n") if NEEDS_WHEEL in line
    )


def _text(output: ToolOutput) -> str:
    return output.stderr.decode("utf-8", "replace")
