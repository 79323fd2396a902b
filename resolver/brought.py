"""Distribution -> what it always installs beside itself, of all that `data/implicit.json` may ask for."""

from __future__ import annotations

from forerun import data

_table = b""


def brought_by(name: str) -> frozenset[str]:
    """Return the canonical names that a current release of a distribution requires, down to the last."""
    global _table
    if not _table:
        _table = data.read("brought_names.txt")
    start = _table.find(b"\n" + name.encode() + b" ")
    if start < 0:
        return frozenset()
    return frozenset(_table[start : _table.index(b"\n", start + 1)].decode().split()[1:])
