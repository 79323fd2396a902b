"""Canonical name -> whether the package index knew it when the tables were built, and how popular it was.

`data/registered_names.bin` is a Bloom filter over all registered names, read in place: a few bytes a question. It
never forgets a registered name, and takes about one unregistered name in a hundred for a registered one.
"""

from __future__ import annotations

from forerun import data

HEADER = 16
_MASK = (1 << 64) - 1
FEW = 100
"""Questions that are answered in place; more are answered from memory."""

_asked = 0
_filter = b""
_popular = b""
_popular_set: set[str] = set()


def is_registered(name: str) -> bool:
    """Whether the index knew a canonical name; wrong for at most 1 % of unknown names, never for known ones."""
    global _asked, _filter
    _asked += 1
    if _asked > FEW:
        _filter = _filter or data.read("registered_names.bin")
        return _is_in(_filter, name)
    with open(data.path("registered_names.bin"), "rb", buffering=0) as file:
        header = file.read(HEADER)
        bits, probes = int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:16], "little")
        for position in _positions(name, bits, probes):
            file.seek(HEADER + (position >> 3))
            if not file.read(1)[0] & (1 << (position & 7)):
                return False
    return True


def _is_in(whole: bytes, name: str) -> bool:
    bits, probes = int.from_bytes(whole[8:12], "little"), int.from_bytes(whole[12:16], "little")
    return all(whole[HEADER + (at >> 3)] & (1 << (at & 7)) for at in _positions(name, bits, probes))


def is_popular(name: str) -> bool:
    """Whether a canonical name is among the 15,000 most downloaded distributions."""
    if _asked > FEW:
        _popular_set.update(() if _popular_set else popular_names().decode().split("\n"))
        return bool(name) and name in _popular_set
    return b"\n" + name.encode() + b"\n" in popular_names()


def popular_names() -> bytes:
    """Return the popular names, the most downloaded first, each between two line breaks."""
    global _popular
    if not _popular:
        _popular = data.read("popular_names.txt")
    return _popular


def _positions(name: str, bits: int, probes: int) -> list[int]:
    """Double hashing (Kirsch and Mitzenmacher 2006) over 64-bit FNV-1a, mixed by the finaliser of MurmurHash3."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 & _MASK
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value = (value ^ value >> 33) * factor & _MASK
    value ^= value >> 33
    low, high = value & 0xFFFFFFFF, value >> 32 | 1
    return [(low + index * high) % bits for index in range(probes)]
