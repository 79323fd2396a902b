"""Bytes and seconds <-> the words in which people read and write them."""

from __future__ import annotations

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def size(count: int) -> str:
    """Return a number of bytes in decimal units, with three digits at least where there are so many."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def age(seconds: float) -> str:
    """Return how long ago something was, in its largest fitting unit."""
    whole = max(0, int(seconds))
    for unit in "dhm":
        count = whole // SECONDS[unit]
        if count >= (2 if unit == "d" else 1):
            return f"{count} {unit} ago"
    return "just now"


def seconds_of(text: str) -> float | None:
    """Return the seconds that an age such as `30d` or `12h` names, or None where it names none."""
    trimmed = text.strip().lower()
    if not trimmed or trimmed[-1] not in SECONDS:
        return None
    try:
        found = float(trimmed[:-1]) * SECONDS[trimmed[-1]]
    except ValueError:
        return None
    return found if 0 <= found < 1e12 else None
