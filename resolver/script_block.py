"""Script bytes + requirements -> the same bytes with those requirements in their PEP 723 block.

Everything outside the block's `dependencies` stays byte for byte as it is, and writing twice changes nothing more.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+")
"""A line that declares an encoding (PEP 263)."""

MARK = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8."""

_KEY = re.compile(r"^dependencies[ \t]*=[ \t]*\[")


def block_text(requirements: Sequence[str], requires_python: str = "") -> str:
    """Return a script block (PEP 723) that names requirements, ending in a line break."""
    lines = [f'requires-python = "{requires_python}"'] if requires_python else []
    lines += _array(requirements)
    return "# /// script\n" + "".join(f"# {line}\n" for line in lines) + "# ///\n"


def with_requirements(data: bytes, requirements: Sequence[str]) -> bytes:
    """Return a script with `requirements` as the dependencies of its block, which is made where there is none.

    Raises:
        ValueError: the script's block, or the array in it, is not closed.
    """
    mark = MARK if data.startswith(MARK) else b""
    return mark + _with_requirements(data[len(mark) :], requirements)


def _with_requirements(data: bytes, requirements: Sequence[str]) -> bytes:
    end = b"\r\n" if b"\r\n" in data.partition(b"\n")[0] + b"\n" and b"\r\n" in data else b"\n"
    lines = data.split(b"\n")
    opening = next((number for number, line in enumerate(lines) if line.rstrip(b"\r") == b"# /// script"), None)
    if opening is None:
        return _inserted(data, block_text(requirements).encode().replace(b"\n", end), end)
    closing = next((n for n in range(opening + 1, len(lines)) if lines[n].rstrip(b"\r") == b"# ///"), None)
    if closing is None:
        raise ValueError("its script block is not closed")
    content = [line.rstrip(b"\r").decode("utf-8", "surrogateescape") for line in lines[opening + 1 : closing]]
    new = _edited([line[2:] for line in content], requirements)
    made = [f"# {line}".rstrip().encode("utf-8", "surrogateescape") + end[:-1] for line in new]
    return b"\n".join([*lines[: opening + 1], *made, *lines[closing:]])


def _array(requirements: Sequence[str]) -> list[str]:
    if not requirements:
        return ["dependencies = []"]
    return ["dependencies = [", *(f"    {_quoted(each)}," for each in requirements), "]"]


def _quoted(text: str) -> str:
    """Return a TOML string; requirements hold no control characters, and markers hold quotes of one kind."""
    return (
        f"'{text}'" if '"' in text and "'" not in text else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )


def _edited(content: list[str], requirements: Sequence[str]) -> list[str]:
    """Replace the array of `dependencies` in a block's TOML, or put it first (before any table)."""
    start = next((number for number, line in enumerate(content) if _KEY.match(line)), None)
    if start is None:
        return [*_array(requirements), *content]
    whole = "\n".join(content[start:])
    stop = _array_end(whole, whole.index("[") + 1)
    rest = whole[stop:].split("\n")
    array = _array(requirements)
    return [*content[:start], *array[:-1], array[-1] + rest[0], *rest[1:]]


def _array_end(text: str, position: int) -> int:
    """Return the position behind the bracket that closes an array of strings, strings and comments skipped."""
    while position < len(text):
        char = text[position]
        if char == "]":
            return position + 1
        if char in "\"'":
            position = _string_end(text, position, char)
        elif char == "#":
            position = text.find("\n", position) % (len(text) + 1)
        else:
            position += 1
    raise ValueError("the dependencies of its script block are not closed")


def _string_end(text: str, position: int, quote: str) -> int:
    position += 1
    while position < len(text) and text[position] != quote:
        position += 2 if text[position] == "\\" and quote == '"' else 1
    return position + 1


def _inserted(data: bytes, block: bytes, end: bytes) -> bytes:
    """Put a new block behind the lines that must stay first: a `#!` line, a coding line."""
    lines = data.split(b"\n")
    first = 1 if lines[0].startswith(b"#!") else 0
    if first < len(lines) and first < 2 and _CODING.match(lines[first]):
        first += 1
    head, rest = b"\n".join(lines[:first]), b"\n".join(lines[first:])
    if first:
        head += b"\n"
    gap = b"" if not rest or rest.startswith((b"\n", b"\r\n")) else end
    return head + block + gap + rest
