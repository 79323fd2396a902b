"""`[tool.forerun.server]` in `pyproject.toml` -> values of a server's options, read as flags are.

Where a server listens, for whom, what it mounts, and what it installs or builds before anybody asks is not for a
project to say: a folder that was cloned somewhere has a `pyproject.toml`, too, and hosts start servers in it.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

from forerun.resolver.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .serve_options import Option

FOR_PROJECTS = frozenset(
    {
        "timeout", "max-retries", "isolation", "sandbox", "no-network", "max-memory", "max-file-size",
        "max-open-files", "max-processes", "max-concurrency", "exclude-newer", "no-build", "verbose",
        "log-format",
    }
)  # fmt: skip


def from_table(path: str, table: Mapping[str, Any], options: Sequence[Option]) -> dict[str, Any]:
    """Return the values in the table of a file, by the names of their options.

    Raises:
        SettingsError: there is no such option for a project, or a value that it cannot have.
    """
    known = {each.name: each for each in options if each.name in FOR_PROJECTS}
    for name in table:
        if name not in known:
            raise SettingsError(
                path, f"[tool.forerun.server] has no setting {name!r}; there are {', '.join(sorted(known))}"
            )
    return {name: _value(path, known[name], value) for name, value in table.items()}


def _value(path: str, option: Option, given: Any) -> Any:
    try:
        value = _read(option, given)
    except (ValueError, ArgumentTypeError) as error:
        raise SettingsError(path, f"[tool.forerun.server] {option.name}: {error}") from error
    if option.choices and value not in option.choices:
        raise SettingsError(path, f"[tool.forerun.server] {option.name}: choose from {', '.join(option.choices)}")
    return value


def _read(option: Option, given: Any) -> Any:
    if option.default is False:
        if not isinstance(given, bool):
            raise ValueError("must be true or false")
        return given
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise ValueError("must be a text or a number")
    return option.read(str(given))
