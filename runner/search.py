"""A command of uv that looks versions up -> its answer, with as few builds and as old guesses as can be had."""

from __future__ import annotations

import re
from datetime import UTC

from forerun.resolver.value import Value

from .errors import InstallError
from .lock_form import BUILT, NOTE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from .lock_request import LockRequest
    from .process import ToolOutput

    class Runs(Protocol):
        """Runs uv: with the cache's help where it is offline, or once and talkative."""

        def run(self, arguments: Sequence[str], folder: str) -> ToolOutput:
            """Return what uv answers."""
            ...

        def run_once(self, arguments: Sequence[str], folder: str, verbosity: str = "--quiet") -> ToolOutput:
            """Return what uv answers to one call."""
            ...


GUESSES_AGE = 7
"""Days that a release must be old before it is taken for a name for which nobody vouches."""

NEEDS_WHEEL = re.compile(
    r"hint: Wheels are required for `([^`]+)`|Package `([^`=]+)[^`]*` can't be installed because it is marked"
)
NO_DATES = b"missing an upload date"


class BuildOptions(Value):
    """The options of a command of uv that forbid builds, and the one that excepts a name."""

    none: tuple[str, ...]
    but: str


PIP_BUILDS = BuildOptions(("--only-binary", ":all:"), "--no-binary")
SCRIPT_BUILDS = BuildOptions(("--no-build",), "--no-binary-package")


class Search:
    """One resolution by uv, tried again with a little more leave where it fails for want of that."""

    def __init__(self, uv: Runs, wanted: LockRequest, folder: str) -> None:
        self._uv = uv
        self._wanted = wanted
        self._folder = folder
        self._built: list[str] = []
        self._said: list[str] = []

    @property
    def notes(self) -> str:
        """What the answer's lock has to say beside its distributions, as lines of it."""
        built = [
            f"{name} has no wheel for here and is built from its source, which runs its code" for name in self._built
        ]
        return "".join(
            [f"{BUILT}{name}\n" for name in self._built] + [f"{NOTE}{each}\n" for each in self._said + built]
        )

    def made(self, command: Sequence[str], builds: BuildOptions) -> ToolOutput:
        """Run a command until it succeeds, or fails whatever may be allowed, and return its last output.

        Raises:
            InstallError: a date was asked for, and the index tells none.
        """
        newest = self._wanted.policy.exclude_newer
        dated = ["--exclude-newer", newest] if newest else []
        aged = _aged(self._wanted)
        while True:
            allowed = [part for name in self._built for part in (builds.but, name)]
            arguments = [*command, *builds.none, *allowed, *dated, *aged]
            output = self._uv.run(arguments, self._folder)
            if output.code == 0:
                return output
            if (aged or dated) and self._is_without_dates(arguments):
                self._give_up_dates(newest)
                aged = []
            elif not self._may_build_more(output):
                return output

    def _is_without_dates(self, arguments: Sequence[str]) -> bool:
        """Whether uv says that the index tells no dates: then no release can be known to be old enough."""
        return NO_DATES in self._uv.run_once(arguments, self._folder, "--verbose").stderr

    def _give_up_dates(self, newest: str) -> None:
        if newest:
            reason = "the index tells no upload dates, so --exclude-newer cannot be kept"
            raise InstallError(self._wanted.requirements, reason)
        names = ", ".join(self._wanted.guesses)
        self._said.append(
            f"the index tells no upload dates, so the newest releases of {names} were taken, which may be younger than "
            f"{GUESSES_AGE} days"
        )

    def _may_build_more(self, output: ToolOutput) -> bool:
        lacking = _names_without_wheel(output.stderr.decode("utf-8", "replace")).difference(self._built)
        if not lacking or not all(map(self._wanted.may_build, lacking)):
            return False
        self._built.extend(sorted(lacking))
        return True


def _aged(wanted: LockRequest) -> list[str]:
    """Return the options that hold guesses back, where a date for everything does not hold them back further."""
    if wanted.policy.exclude_newer:
        from datetime import datetime, timedelta

        chosen = datetime.fromisoformat(wanted.policy.exclude_newer)
        chosen = chosen if chosen.tzinfo else chosen.replace(tzinfo=UTC)
        if chosen < datetime.now(UTC) - timedelta(days=GUESSES_AGE + 1):
            return []
    return [part for name in wanted.guesses for part in ("--exclude-newer-package", f"{name}={GUESSES_AGE} days")]


def _names_without_wheel(text: str) -> frozenset[str]:
    return frozenset(found[1] or found[2] for found in NEEDS_WHEEL.finditer(text))
