"""Turns a list of distribution names into a Bloom filter that is read in place."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Sequence

MAGIC = b"FRNB"
VERSION = 1
FALSE_POSITIVES = 0.0085
_MASK = (1 << 64) - 1


def name_hash(name: str) -> int:
    """Return FNV-1a over the name, mixed by the murmur3 finalizer."""
    value = 0xCBF29CE484222325
    for byte in name.encode("ascii"):
        value = ((value ^ byte) * 0x100000001B3) & _MASK
    value = ((value ^ (value >> 33)) * 0xFF51AFD7ED558CCD) & _MASK
    value = ((value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53) & _MASK
    return value ^ (value >> 33)


def positions(name: str, size: int, count: int) -> Iterator[int]:
    """Yield the bits that stand for a name."""
    value = name_hash(name)
    start, step = value & 0xFFFFFFFF, (value >> 32) | 1
    return ((start + index * step) % size for index in range(count))


def build_filter(names: Sequence[str]) -> bytes:
    """Return the header and the bits for all names."""
    size = math.ceil(-len(names) * math.log(FALSE_POSITIVES) / math.log(2) ** 2)
    count = max(1, round(size / len(names) * math.log(2)))
    bits = bytearray((size + 7) // 8)
    _set_all(bits, names, size, count)
    return struct.pack("<4sIII", MAGIC, VERSION, size, count) + bytes(bits)


def _set_all(bits: bytearray, names: Iterable[str], size: int, count: int) -> None:
    for name in names:
        for bit in positions(name, size, count):
            bits[bit >> 3] |= 1 << (bit & 7)


def contains(filter_bytes: bytes, name: str) -> bool:
    """Tell whether a name may be among those that built the filter."""
    _magic, _version, size, count = struct.unpack_from("<4sIII", filter_bytes)
    return all(filter_bytes[16 + (bit >> 3)] >> (bit & 7) & 1 for bit in positions(name, size, count))
