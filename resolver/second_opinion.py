"""Import name -> what pipreqs' bundled mapping says, read as data; pipreqs itself is never imported."""

from __future__ import annotations

import os

from .names import canonical

_mapping: bytes | None = None


def pipreqs_says(top: str) -> str:
    """Return the canonical name of the distribution that pipreqs maps an import name to, or ""."""
    global _mapping
    if _mapping is None:
        _mapping = _read()
    start = _mapping.find(b"\n" + top.encode("utf-8", "replace") + b":")
    if start < 0:
        return ""
    line = _mapping[start + 1 : _mapping.index(b"\n", start + 1)]
    return canonical(line.decode("utf-8", "replace").partition(":")[2].strip())


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
