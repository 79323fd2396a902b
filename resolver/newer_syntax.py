"""A line that our own parser refuses -> the construct of a newer Python that it shows, and that Python's version."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    Construct = tuple[str, tuple[int, int]]

LONGEST = 2_000
"""Characters of a line that are looked at."""

_STATEMENTS = (
    (re.compile(r"\s*type\s+\w+\s*(?:\[.*\]\s*)?=(?!=)"), "a type alias", (3, 12)),
    (re.compile(r"\s*(?:(?:async\s+)?def|class)\s+\w+\s*\[[^\]]*=[^\]]*\]"), "a default of a type parameter", (3, 13)),
    (re.compile(r"\s*(?:(?:async\s+)?def|class)\s+\w+\s*\["), "a list of type parameters", (3, 12)),
    (re.compile(r"\s*except\*?\s+[A-Z][\w.]*(?:\s*,\s*[A-Z][\w.]*)+\s*:"), "except without parentheses", (3, 14)),
    (re.compile(r"\s*lazy\s+(?:import|from)\s+\w"), "a lazy import", (3, 15)),
)
_BRACES = r"""\w{1,2}(["'])(?:(?!\1)[^{\\])*+\{[^}]*"""
_FORMATTED = (
    (re.compile(rf"{_BRACES}\\"), "a backslash inside of an f-string's braces", (3, 12)),
    (re.compile(rf"{_BRACES}\1"), "an f-string that holds its own quotes", (3, 12)),
    (re.compile(rf"{_BRACES}$"), "an f-string whose braces hold a line break or a comment", (3, 12)),
)
"""From the chapters "New Features" of "What's New In Python" 3.12 to 3.15."""

_STRING = re.compile(r"""((?<!\w)[A-Za-z]{1,2})?(\"\"\"|'''|["'])(?:\\.|(?!\2)[^\\])*+(?:\2|\\?$)""")


def newer_construct(line: str) -> Construct | None:
    """Return the newer construct in a line, and the first Python (major, minor) that has it, or None."""
    shown = line[:LONGEST]
    found = next(((name, version) for pattern, name, version in _STATEMENTS if pattern.match(shown)), None)
    return found or next(filter(None, (_string(match, shown) for match in _STRING.finditer(shown))), None)


def _string(match: re.Match[str], line: str) -> Construct | None:
    prefix = (match[1] or "").lower()
    if prefix in ("t", "rt", "tr"):
        return "a template string", (3, 14)
    if prefix not in ("f", "rf", "fr"):
        return None
    patterns = ((pattern.match(line, match.start()), name, version) for pattern, name, version in _FORMATTED)
    return next(((name, version) for seen, name, version in patterns if seen), None)
