"""Requirements -> a lock with hashes -> files in an environment, by pip: the way where uv is not to be had.

Slower than uv, and with less: releases that nobody vouches for need a pip that can tell their age, and nothing is built
where pip would hand an index's password to the build.
"""

from __future__ import annotations

import os
import re
import sys

from forerun.resolver.names import canonical

from .errors import InstallerMissing, InstallError
from .explanation import explain
from .index_settings import secrets_in
from .installer import DEADLINE, PASSED, PASSED_WHOLE
from .interpreter import this_interpreter
from .lock_form import NOTE, locked_distributions
from .masking import masked
from .pip_settings import pip_settings
from .process import run_tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from .lock_request import LockRequest
    from .process import Cancellation, ToolOutput

PROXIES = frozenset("HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy".split())
UV_AS_PIP = {
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_INDEX_URL": "PIP_INDEX_URL",
    "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    "UV_EXTRA_INDEX_URL": "PIP_EXTRA_INDEX_URL",
    "UV_FIND_LINKS": "PIP_FIND_LINKS",
}
AGE_OPTION = "--uploaded-prior-to"
OLD_ENOUGH = "P7D"
NAME = re.compile(r"[A-Za-z0-9._-]+")
LACKING = "No matching distribution found for "
STARTER = b'#!/bin/sh\n\'\'\'exec\' "$(dirname -- "$(realpath -- "$0")")"/python "$0" "$@"\n\' \'\'\'\n'
"""A line for sh that Python takes for a string, so that a program starts the interpreter beside it."""


class Pip:
    """The installer pip; satisfies the Installer protocol of `layer.py`."""

    identity = "pip"

    def __init__(self, cancellation: Cancellation | None = None) -> None:
        self._command = _find_pip()
        self._cancellation = cancellation

    def lock(self, wanted: LockRequest, python: str, folder: str, *, is_for_people: bool = False) -> str:  # noqa: ARG002
        """Return a complete lock with hashes, in requirements.txt form; see `Uv.lock`.

        Raises:
            InstallError: no set of distributions satisfies the requirements, or pip cannot do what is asked for.
        """
        if wanted.settings:
            raise InstallError(wanted.requirements, "only uv understands the [tool.uv] table of the script's block")
        listed = os.path.join(folder, "requirements.in")
        with open(listed, "w", encoding="utf-8") as file:
            file.writelines(f"{each}\n" for each in wanted.requirements)
        report = os.path.join(folder, "report.json")
        command = ["install", "--dry-run", "--ignore-installed", "--report", report, "-r", listed]
        newest = wanted.policy.exclude_newer or (OLD_ENOUGH if wanted.guesses else "")
        if newest:
            command += [AGE_OPTION, newest]
        built: list[str] = []
        while True:
            sources = ["--only-binary", ":all:", *(part for name in built for part in ("--no-binary", name))]
            output = self._run(python, [*command, *sources], folder)
            if output.code == 0:
                return "\n".join([*_build_lines(built), *_locked(report)]) + "\n"
            if newest and f"no such option: {AGE_OPTION}".encode() in output.stderr:
                raise InstallError(wanted.requirements, "this pip cannot tell how old releases are; install uv")
            lacking = _names_without_wheel(output) - set(built)
            if not lacking or not all(map(wanted.may_build, lacking)) or _has_secrets():
                raise _failure(wanted.requirements, output)
            built.extend(sorted(lacking))

    def install(self, lock: str, python: str, folder: str, meanwhile: Sequence[str] = ()) -> None:  # noqa: ARG002
        """Install exactly what a lock names into the environment of `python`.

        Raises:
            InstallError: something cannot be fetched, verified, built or written.
        """
        locked = os.path.join(folder, "requirements.txt")
        with open(locked, "w", encoding="utf-8") as file:
            file.write(lock)
        options = ["--require-hashes", "--no-deps", "--no-compile", "--no-warn-script-location"]
        output = self._run(python, ["install", *options, "-r", locked], folder)
        if output.code:
            raise _failure([str(each) for each in locked_distributions(lock)], output)
        _make_relocatable(os.path.dirname(python))

    def _run(self, python: str, arguments: Sequence[str], folder: str) -> ToolOutput:
        environment = {name: value for name, value in os.environ.items() if _is_passed(name)}
        for theirs, ours in UV_AS_PIP.items():
            if os.environ.get(theirs):
                environment.setdefault(ours, os.environ[theirs])
        fixed = {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "TMPDIR": folder}
        command = [*self._command, "--python", python, *arguments, "--quiet", "--no-color"]
        return run_tool(command, {**environment, **fixed}, folder, DEADLINE, self._cancellation)


def _is_passed(name: str) -> bool:
    return name.startswith((*PASSED, "PIP_")) or name in PASSED_WHOLE | PROXIES


def _find_pip() -> list[str]:
    """Return the command that starts a pip: our own environment's, the base interpreter's, or the one that it brings.

    Raises:
        InstallerMissing: there is none.
    """
    from importlib.util import find_spec

    if find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    base = this_interpreter().path
    if run_tool([base, "-I", "-c", "import pip"], {}, os.sep, 60).code == 0:
        return [base, "-m", "pip"]
    ensurepip = find_spec("ensurepip")
    bundled = os.path.join(os.path.dirname(ensurepip.origin or ""), "_bundled") if ensurepip else ""
    for name in os.listdir(bundled) if os.path.isdir(bundled) else ():
        if name.startswith("pip-"):
            return [base, os.path.join(bundled, name, "pip")]
    raise InstallerMissing


def _build_lines(built: Sequence[str]) -> list[str]:
    said = (f"{NOTE}{name} has no wheel for here and is built from its source, which runs its code" for name in built)
    return [*said, "--only-binary :all:", *(f"--no-binary {name}" for name in built)]


def _locked(report: str) -> Iterator[str]:
    """Yield a line with a hash for each distribution in pip's report (its "Installation Report" format)."""
    import json

    with open(report, encoding="utf-8") as file:
        chosen: list[dict[str, Any]] = json.load(file)["install"]
    for each in sorted(chosen, key=lambda each: canonical(each["metadata"]["name"])):
        name, version = canonical(each["metadata"]["name"]), each["metadata"]["version"]
        archive = each["download_info"].get("archive_info") or {}
        found = archive.get("hashes", {}).get("sha256")
        if not found:
            raise InstallError([name], "it does not come as an archive, so that there is no hash to check it by")
        where = f" @ {each['download_info']['url']}" if each.get("is_direct") else f"=={version}"
        yield f"{name}{where} --hash=sha256:{found}"


def _names_without_wheel(output: ToolOutput) -> set[str]:
    """Return what pip found no wheel of; whether there is a source distribution it does not say."""
    found: set[str] = set()
    for line in output.stderr.decode("utf-8", "replace").splitlines():
        if LACKING in line:
            match = NAME.match(line.partition(LACKING)[2])
            found.update([canonical(match[0])] if match else [])
    return found


def _has_secrets() -> bool:
    values = (*pip_settings(os.environ).values(), *(os.environ.get(name, "") for name in (*UV_AS_PIP, *PROXIES)))
    return any(masked(value) != value for value in values)


def _make_relocatable(programs: str) -> None:
    """Let installed programs start the interpreter that is beside them, since their folder is renamed afterwards."""
    python = os.path.join(programs, "python").encode()
    with os.scandir(programs) as entries:
        for entry in entries:
            if entry.is_symlink() or not entry.is_file():
                continue
            with open(entry.path, "rb") as file:
                content = file.read()
            lines = 3 if content.startswith(b"#!/bin/sh\n'''exec' ") else 1
            head = b"\n".join(content.split(b"\n", lines)[:lines])
            if content.startswith(b"#!") and python in head:
                with open(entry.path, "wb") as file:
                    file.write(STARTER + content.split(b"\n", lines)[lines])


def _failure(requirements: Sequence[str], output: ToolOutput) -> InstallError:
    why = explain(output.stderr.decode("utf-8", "replace"), secrets_in(os.environ.values()))
    return InstallError(requirements, why.text, is_offline=why.kind == "network")
