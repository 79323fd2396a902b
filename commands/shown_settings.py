"""A setting's value -> text for people: what is automatic, absent or without a limit is said to be so."""

from __future__ import annotations

import json
import os

from forerun.runner.store import cache_folder
from forerun.server.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

UNITS = ("bytes", "kB", "MB", "GB", "TB")

EMPTY: dict[str, Callable[[], str]] = {
    "path": lambda: "a temporary folder, deleted at the end",
    "max-concurrency": lambda: f"automatic ({Settings().runs_at_once})",
    "max-memory": lambda: "no limit",
    "max-file-size": lambda: "no limit",
    "max-open-files": lambda: "no limit",
    "max-processes": lambda: "no limit",
    "port": lambda: "any that is free",
    "token-file": lambda: f"automatic ({os.path.join(cache_folder(), 'http-token')})",
}
"""What an empty value means, where that is not just none."""


def shown(name: str, value: Any) -> str:
    """Return the value of a setting as text."""
    if value is False or value is True:
        return "yes" if value else "no"
    if not value and name != "max-retries":
        return EMPTY.get(name, lambda: "none")()
    if name == "timeout":
        return f"{value:g} seconds"
    if name in ("max-memory", "max-file-size"):
        return _size(value)
    is_map = isinstance(value, tuple) and any(isinstance(each, tuple) for each in value)
    return json.dumps(dict(reversed(value)) if is_map else value)


def _size(number: int) -> str:
    """Return a number of bytes in the largest unit that says it exactly."""
    unit = 0
    while number % 1000 == 0 and unit + 1 < len(UNITS):
        number, unit = number // 1000, unit + 1
    return f"{number:,} {UNITS[unit]}"
