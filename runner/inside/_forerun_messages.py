"""Inside the script's interpreter: an ImportError's message -> the optional dependency that a library says it lacks.

Standard library only, Python 3.8 and later; imported only once such an error has ended the script.
"""

from __future__ import annotations

import re

LONGEST = 2_000
"""Characters of a message that are looked at."""

_NAME = r"[`'\"]*(?P<name>[A-Za-z](?:[\w.-]{0,80}\w)?)[`'\"]*"
_EXTRAS = r"(?:\[[\w,. -]*\])?(?:\s*[<>=!~]=?\s*[\w.]+)?"
_LACKING = r"(?:required|needed|necessary|not\s+(?:installed|available|found)|missing)"

PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"missing\s+optional\s+dependency:?\s+{_NAME}",
        rf"tried\s+using:\s+{_NAME}",
        rf"pip3?\s+install\s+(?:(?:-U|--upgrade|--user)\s+)*{_NAME}",
        rf"conda\s+install\s+(?:-c\s+\S+\s+)?{_NAME}",
        rf"(?:^|[.:;]\s+|\bthe\s+){_NAME}{_EXTRAS}\s+(?:(?:package|library|module)\s+)?(?:(?:is|are)\s+{_LACKING}|required\s+(?:for|to))",
        rf"(?:^|[.:;]\s+|\bthe\s+){_NAME}{_EXTRAS}\s+(?:(?:package|library|module)\s+)?(?:must|needs?\s+to|should)\s+be\s+installed",
        rf"(?:requires?|needs?)\s+(?:the\s+)?(?:optional\s+)?(?:(?:package|library|module|dependency)\s+)?{_NAME}{_EXTRAS}"
        r"(?=\s+(?:to\s+be\s+installed|package|library|module|installed)|[.,;]|$)",
        rf"(?:could\s+not|cannot|can't|failed\s+to|unable\s+to)\s+import\s+{_NAME}(?=[.,;:]|\s*$)",
        rf"please\s+install\s+(?:the\s+)?(?:(?:package|library|module)\s+)?{_NAME}",
    )
)
"""In the order of how sure they are; a library's own words for a command that installs come before its prose."""

NO_NAMES = frozenset(
    "a all an and any appropriate at both correct either following is it library module newer one optional or package "
    "packages pip python required some that the them these this to version which you your".split()
)


def named_in(message: str) -> str:
    """Return the import name or distribution that a message asks for, or ""."""
    shown = message[:LONGEST]
    for pattern in PATTERNS:
        for found in pattern.finditer(shown):
            if found["name"].lower() not in NO_NAMES:
                return str(found["name"])
    return ""
