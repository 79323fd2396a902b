"""Import name -> what pipreqs' bundled mapping says, read as data; pipreqs itself is never imported."""

from __future__ import annotations

import os

from .names import canonical

FEW = 100
"""Questions that are answered by searching the mapping; more are answered from an index."""

_mapping: bytes | None = None
_count = [0]
_indexed: dict[str, str] = {}


def pipreqs_says(top: str) -> str:
    """Return the canonical name of the distribution that pipreqs maps an import name to, or ""."""
    global _mapping
    if _mapping is None:
        _mapping = _read()
    _count[0] += 1
    if _count[0] > FEW:
        return _index().get(top, "")
    start = _mapping.find(b"\n" + top.encode("utf-8", "replace") + b":")
    if start < 0:
        return ""
    line = _mapping[start + 1 : _mapping.index(b"\n", start + 1)]
    return canonical(line.decode("utf-8", "replace").partition(":")[2].strip())


def _index() -> dict[str, str]:
    if not _indexed and _mapping:
        lines = (line.partition(":") for line in _mapping.decode("utf-8", "replace").split("\n"))
        for top, colon, name in lines:
            if colon:
                _indexed.setdefault(top, canonical(name.strip()))
    return _indexed


def is_installed() -> bool:
    """Whether pipreqs' mapping can be read."""
    return bool(_location())


def _read() -> bytes:
    try:
        with open(_location(), "rb") as file:
            return b"\n" + file.read().replace(b"\r\n", b"\n") + b"\n"
    except OSError:
        return b""


def _location() -> str:
    import importlib.util

    spec = importlib.util.find_spec("pipreqs")
    for folder in spec.submodule_search_locations or () if spec else ():
        if os.path.isfile(os.path.join(folder, "mapping")):
            return os.path.join(folder, "mapping")
    return ""
