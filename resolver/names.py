"""Text -> the canonical names of distributions, without the cost of importing packaging."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.utils import NormalizedName
else:
    NormalizedName = str

_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._")


def canonical(name: str) -> NormalizedName:
    """Return the canonical form of a distribution's name (PEP 503), or "" for what cannot be a name (PEP 508)."""
    lower = name.lower()
    if not lower.isascii() or not _ALLOWED.issuperset(lower) or not lower[:1].isalnum() or not lower[-1:].isalnum():
        return NormalizedName("")
    parts = lower.replace("_", "-").replace(".", "-").split("-")
    return NormalizedName("-".join(part for part in parts if part))


def printable(line: str) -> str:
    """Return a line for a terminal: what could move the cursor or hide text is escaped, what is endless is cut."""
    if len(line) > LONGEST_LINE:
        line = f"{line[: LONGEST_LINE // 2]}[...]{line[-LONGEST_LINE // 2 :]}"
    if line.isprintable():
        return line
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)


LONGEST_LINE = 4_000
"""Characters of a line that are shown."""
