"""data/popular_names.txt and data/registered_names.bin hold the names that they are said to hold."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

DATA = Path(__file__).parents[2] / "data"
MAP = json.loads((DATA / "import_map.json").read_text(encoding="ascii"))
POPULAR_TEXT = (DATA / "popular_names.txt").read_text(encoding="ascii")
FILTER = (DATA / "registered_names.bin").read_bytes()


def in_filter(name: str) -> bool:
    """Look a name up by the written definition of the format, independently of the writer."""
    size, count = struct.unpack("<II", FILTER[8:16])
    value = 0xCBF29CE484222325
    for byte in name.encode("ascii"):
        value = (value ^ byte) * 0x100000001B3 % 2**64
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD % 2**64
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 % 2**64
    value ^= value >> 33
    low, high = value % 2**32, value >> 32 | 1
    bits = [(low + step * high) % size for step in range(count)]
    return all(FILTER[16 + bit // 8] & 1 << bit % 8 for bit in bits)


def default_of(value: str | list[str]) -> str:
    """Return the default distribution of a row, without its marker; empty where there is none."""
    return (value if isinstance(value, str) else value[0]).partition(" ; ")[0]


def test_default_distributions_are_registered() -> None:
    defaults = {default_of(value) for value in MAP["modules"].values()} - {""}
    defaults |= {canonicalize_name(name) for name in MAP["same"]} | set(MAP["removed"].values()) - {""}
    assert not [name for name in sorted(defaults) if not in_filter(name)]


def test_popular_names_can_be_searched_as_text() -> None:
    names = POPULAR_TEXT.split("\n")[1:-1]
    assert POPULAR_TEXT.startswith("\n")
    assert POPULAR_TEXT.endswith("\n")
    assert 14_900 < len(names) == len(set(names)) <= 15_000
    assert all(name == canonicalize_name(name) for name in names)


def test_popular_names_are_registered() -> None:
    missing = [name for name in POPULAR_TEXT.split() if not in_filter(name)]
    assert len(missing) < 20  # a few were deleted between the two lists


def test_filter_header_fits_its_bits() -> None:
    magic, version, size, count = struct.unpack("<4sIII", FILTER[:16])
    assert (magic, version) == (b"FRNB", 1)
    assert len(FILTER) == 16 + (size + 7) // 8 <= 1_150_000
    assert 4 <= count <= 10


@pytest.mark.parametrize("name", ["requests", "numpy", "zope-interface", "0", "python-telegram-bot", "pyyaml"])
def test_known_name_is_in_the_filter(name: str) -> None:
    assert in_filter(name)


def _scrambled(name: str, rng: random.Random) -> str:
    letters = list(name)
    rng.shuffle(letters)
    return "".join(letters).strip("-") + rng.choice("qxz") + str(rng.randrange(100, 1000))


def test_filter_rarely_knows_names_that_nobody_registered() -> None:
    rng = random.Random(7)
    names = [_scrambled(name, rng) for name in POPULAR_TEXT.split()]
    assert sum(map(in_filter, names)) / len(names) < 0.012


def test_shipped_names_are_one_row_a_line_in_byte_order_and_none_is_in_the_import_map() -> None:
    text = (DATA / "shipped_names.txt").read_bytes()
    assert text.isascii()
    assert text.startswith(b"\n")
    assert text.endswith(b"\n")
    lines = text[1:-1].split(b"\n")
    assert lines == sorted(set(lines))
    rows = [line.decode().split(" ") for line in lines]
    assert len({module for module, _ in rows}) == len(rows) > 40_000
    mapped = {name for section in ("modules", "same", "contested", "hosts", "local") for name in MAP[section]}
    assert not mapped & {module for module, _ in rows}
    for module, distribution in rows:
        assert module.isidentifier()
        assert distribution == "-" or canonicalize_name(distribution) == distribution
