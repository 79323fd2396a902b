"""Requirements -> a lock with hashes -> files in an environment, by uv."""

from __future__ import annotations

import os

from .errors import InstallerMissing, InstallError
from .process import run_tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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

GUESSES_AGE = "7 days"
NEEDS_WHEEL = "hint: Wheels are required for `"
LONGEST_REASON = 500
NO_NETWORK = ("failed to fetch", "connection refused", "dns error", "error sending request", "network is unreachable",
              "network connectivity is disabled", "timed out", "connect error")  # fmt: skip


class Uv:
    """The installer uv, found through its Python package; satisfies the Installer protocol of `layer.py`."""

    def __init__(self, cancellation: Cancellation | None = None) -> None:
        self._program = _find_uv()
        self._cancellation = cancellation

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
                raise _failure(requirements, output)
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
        output = self._run(
            [
                "pip",
                "install",
                "--require-hashes",
                "--no-deps",
                "--link-mode",
                "copy",
                "--python",
                python,
                "-r",
                locked,
            ],
            folder,
        )
        if output.code:
            raise _failure(
                [line.split(" ")[0] for line in lock.splitlines() if "==" in line and not line.startswith("-")], output
            )

    def _run(self, arguments: Sequence[str], folder: str) -> ToolOutput:
        """Run uv; where it cannot reach the index, once more with what its own cache holds."""
        output = self._run_once(arguments, folder)
        if output.code and _is_offline(output):
            cached = self._run_once([*arguments, "--offline"], folder)
            return output if cached.code else cached
        return output

    def _run_once(self, arguments: Sequence[str], folder: str, verbosity: str = "--quiet") -> ToolOutput:
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


def _names_without_wheel(text: str) -> frozenset[str]:
    return frozenset(
        line.strip()[len(NEEDS_WHEEL) :].partition("`")[0] for line in text.split("\n") if NEEDS_WHEEL in line
    )


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
