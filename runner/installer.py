"""Requirements -> a lock with hashes -> files in an environment, by uv."""

from __future__ import annotations

import os

from .errors import InstallerMissing, InstallError
from .lock_form import build_options, is_pylock, locked_distributions
from .process import run_tool
from .search import PIP_BUILDS, SCRIPT_BUILDS, Search

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .lock_request import LockRequest
    from .process import Cancellation, ToolOutput

DEADLINE = 3600.0
"""Seconds after which an installer that says nothing more is taken for hung."""

COMPLETE_LOCK = ("--generate-hashes", "--no-annotate", "--no-header", "--emit-build-options")
PASSED = ("UV_", "PIP_", "XDG_", "LC_", "SSL_", "LD_LIBRARY_PATH", "DYLD_")
PASSED_WHOLE = frozenset(
    "PATH HOME USER LOGNAME LANG LANGUAGE SHELL SYSTEMROOT NETRC CC CXX CFLAGS LDFLAGS PKG_CONFIG_PATH "
    "REQUESTS_CA_BUNDLE CURL_CA_BUNDLE HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY "
    "http_proxy https_proxy all_proxy no_proxy".split()
)
"""Environment variables that an installer needs; a build, which runs a project's code, sees no other of ours."""

LONGEST_REASON = 500
NO_NETWORK = ("failed to fetch", "connection refused", "dns error", "error sending request", "network is unreachable",
              "network connectivity is disabled", "timed out", "connect error")  # fmt: skip


class Uv:
    """The installer uv, found through its Python package; satisfies the Installer protocol of `layer.py`."""

    def __init__(self, cancellation: Cancellation | None = None) -> None:
        self._program = _find_uv()
        self._cancellation = cancellation

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
        command = ["pip", "compile", *COMPLETE_LOCK, "--python", python, listed]
        text = self._checked(search.made(command, PIP_BUILDS), wanted)
        return search.notes + text

    def _lock_script(self, wanted: LockRequest, python: str, folder: str, *, is_for_people: bool) -> str:
        """Let uv lock a copy of a script block, which alone honours all of `[tool.uv]`; nothing is left elsewhere."""
        script = os.path.join(folder, "script.py")
        with open(script, "w", encoding="utf-8") as file:
            file.write(wanted.block)
        search = Search(self, wanted, folder)
        named = ["--script", script, "--python", python]
        self._checked(search.made(["lock", *named], SCRIPT_BUILDS), wanted)
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
            raise _failure(wanted.requirements, output)
        return output.stdout.decode()

    def install(self, lock: str, python: str, folder: str) -> None:
        """Install exactly what a lock names into the environment of `python`, as files shared with no cache.

        Raises:
            InstallError: something cannot be fetched, verified, built or written.
        """
        is_plain = not is_pylock(lock)
        locked = os.path.join(folder, "requirements.txt" if is_plain else "pylock.toml")
        with open(locked, "w", encoding="utf-8") as file:
            file.write(lock)
        # PEP 751 always has hashes where there can be any.
        checked = ["--require-hashes"] if is_plain else build_options(lock)
        command = ["pip", "install", "--no-deps", "--link-mode", "copy", "--python", python, "-r", locked]
        output = self.run([*command, *checked], folder)
        if output.code:
            raise _failure([str(each) for each in locked_distributions(lock)], output)

    def run(self, arguments: Sequence[str], folder: str) -> ToolOutput:
        """Run uv; where it cannot reach the index, once more with what its own cache holds."""
        output = self.run_once(arguments, folder)
        if output.code and _is_offline(output):
            cached = self.run_once([*arguments, "--offline"], folder)
            return output if cached.code else cached
        return output

    def run_once(self, arguments: Sequence[str], folder: str, verbosity: str = "--quiet") -> ToolOutput:
        """Run uv in an empty folder, with the environment variables that it may see."""
        # A project's settings in the current folder are not the operator's, so uv is started elsewhere; and what it
        # leaves behind when it is killed goes with that folder.
        passed = {name: value for name, value in os.environ.items() if name.startswith(PASSED) or name in PASSED_WHOLE}
        environment = {**passed, "UV_SYSTEM_CERTS": "1", "UV_NO_PROGRESS": "1", "NO_COLOR": "1", "TMPDIR": folder}
        return run_tool([self._program, verbosity, *arguments], environment, folder, DEADLINE, self._cancellation)


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


def _failure(requirements: Sequence[str], output: ToolOutput) -> InstallError:
    is_offline = _is_offline(output)
    return InstallError(requirements, _reason(_text(output), is_offline=is_offline), is_offline=is_offline)


def _text(output: ToolOutput) -> str:
    return output.stderr.decode("utf-8", "replace")


def _is_offline(output: ToolOutput) -> bool:
    text = _text(output).lower()
    return any(sign in text for sign in NO_NETWORK)


def _reason(text: str, *, is_offline: bool) -> str:
    """Return the installer's own reason in a sentence or two, without its log and its hints for other commands."""
    lines = [line.strip().removeprefix("error: ").removeprefix("cause: ") for line in text.split("\n") if line.strip()]
    if is_offline:
        return f"the package index cannot be reached ({lines[-1]}), and not all that is needed is in the cache"
    kept = [line for line in lines if not line.startswith(("hint:", "No solution"))]
    sentence = " ".join(kept) or "the installer gave no reason"
    return sentence if len(sentence) <= LONGEST_REASON else sentence[:LONGEST_REASON] + "..."
