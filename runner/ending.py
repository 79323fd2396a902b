"""What a supervisor says of its script's end, as JSON -> fields of which each is what it should be, or none."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OUTCOMES = ("exited", "timeout", "cancelled")
ENDED: dict[str, type] = {"outcome": str, "code": int, "signal": int}
FAILED: dict[str, type] = {"failure": str, "refused": str}
"""Fields that every ending of its kind has."""


def read_ending(data: bytes) -> dict[str, Any]:
    """Return how a script ended, or why it was not started; nothing where the data say neither.

    An ending has an `outcome`, one of `OUTCOMES`, an exit `code`, the number of the `signal` that ended it, 0 for none,
    and `reached`, the limits that its control group saw reached. A failure has a sentence, `failure`, what was
    `refused` (a name in `confinement.FAILURES`, or ""), and the system's `errno`, 0 where there is none.
    """
    try:
        found = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    if _has(found, ENDED) and found["outcome"] in OUTCOMES:
        return {**{name: found[name] for name in ENDED}, "reached": _texts(found.get("reached"))}
    if _has(found, FAILED):
        number = found.get("errno")
        return {**{name: found[name] for name in FAILED}, "errno": number if type(number) is int else 0}
    return {}


def _has(found: dict[str, Any], fields: dict[str, type]) -> bool:
    # A truth value is a number for `isinstance`.
    return all(type(found.get(name)) is kind for name, kind in fields.items())


def _texts(found: Any) -> list[str]:
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
