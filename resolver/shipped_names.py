"""Import name -> the one distribution that ships it under another name, by pigar's index of the package index.

`data/shipped_names.txt` has 50,000 rows in byte order and is searched by halves, read once.
"""

from __future__ import annotations

from forerun import data

GENERIC = "-"
"""What stands for a distribution where several unrelated ones ship a module of the name, and none is meant."""

FEW = 100
"""Questions that are answered by searching the rows; more are answered from an index."""

_table = b""
_asked = 0
_indexed: dict[str, str] = {}


def shipped_by(top: str) -> str:
    """Return the canonical name of the only distribution that ships a top-level module, GENERIC, or "" if unknown."""
    global _asked, _table
    if _indexed:
        return _indexed.get(top, "")
    if not top.isascii():
        return ""
    if not _table:
        _table = data.read("shipped_names.txt")
    _asked += 1
    if _asked == FEW:
        lines = (line.partition(" ") for line in _table.decode().split("\n") if not line.startswith("#"))
        _indexed.update((name, shipping) for name, space, shipping in lines if space)
    wanted = top.encode() + b" "
    low, high = 1, len(_table)
    while low < high:
        start = _table.rfind(b"\n", 0, (low + high) // 2) + 1
        end = _table.index(b"\n", start)
        line = _table[start:end]
        if line.startswith(wanted):
            return line[len(wanted) :].decode()
        if line < wanted:
            low = end + 1
        else:
            high = start
    return ""
