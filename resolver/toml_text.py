"""TOML text -> where its top-level keys, and the strings of an array, stand, so that they can be named and edited.

The text is one that tomllib takes; what its values are is tomllib's to say.
"""

from __future__ import annotations

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Statement(Value):
    """A top-level `key = value`: offsets of the key, and of the value's first character and end."""

    key: str
    start: int
    value: int
    end: int


class Array(Value):
    """An array of strings: the offsets of its brackets, and where each string begins and ends."""

    opening: int
    closing: int
    strings: tuple[tuple[int, int], ...]


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements before the first table, in order."""
    at = 0
    while at < len(text):
        if text[at] == "#":
            at = _line_end(text, at)
        elif text[at] == "[":
            return
        elif text[at].isspace():
            at += 1
        else:
            equals = _key_end(text, at)
            value = equals + 1
            while text[value : value + 1] in (" ", "\t"):
                value += 1
            end = _value_end(text, value)
            yield Statement(text[at:equals].strip(" \t\"'"), at, value, end)
            at = end


def statement(text: str, key: str) -> Statement | None:
    """Return the statement of a top-level key, or None where there is none."""
    return next((each for each in statements(text) if each.key == key), None)


def array_at(text: str, opening: int) -> Array:
    """Return the array of strings whose bracket stands at an offset.

    Raises:
        ValueError: it is not closed.
    """
    strings: list[tuple[int, int]] = []
    at = opening + 1
    while at < len(text):
        char = text[at]
        if char == "]":
            return Array(opening, at, tuple(strings))
        if char in "\"'":
            end = _string_end(text, at)
            strings.append((at, end))
            at = end
        else:
            at = _line_end(text, at) if char == "#" else at + 1
    raise ValueError("an array is not closed")


def places(text: str, offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the line and the column of each offset, which must not fall, both counted from 1."""
    line, last, line_break = 1, 0, -1
    for offset in offsets:
        line += text.count("\n", last, offset)
        line_break = max(line_break, text.rfind("\n", last, offset))
        last = offset
        yield line, offset - line_break


def _key_end(text: str, at: int) -> int:
    while at < len(text) and text[at] not in "=\n":
        at = _string_end(text, at) if text[at] in "\"'" else at + 1
    return at


def _value_end(text: str, at: int) -> int:
    """Return the end of the line on which a value ends."""
    depth = 0
    while at < len(text):
        char = text[at]
        if char in "\"'":
            at = _string_end(text, at)
        elif char == "#":
            at = _line_end(text, at)
        elif char == "\n" and depth <= 0:
            return at
        else:
            depth += (char in "[{") - (char in "]}")
            at += 1
    return at


def _string_end(text: str, at: int) -> int:
    quote = text[at]
    mark = quote * 3 if text.startswith(quote * 3, at) else quote
    at += len(mark)
    while at < len(text) and not text.startswith(mark, at):
        at += 2 if text[at] == "\\" and quote == '"' else 1
    at += len(mark)
    # Of more than three quotes the last three close the string.
    while len(mark) == 3 and text.startswith(quote, at):
        at += 1
    return min(at, len(text))


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
