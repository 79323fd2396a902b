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
