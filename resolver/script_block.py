"""Script bytes + requirements -> the same bytes with those requirements in their PEP 723 block.

Everything else stays byte for byte as it is, in the block too, and adding twice changes nothing more.
"""

from __future__ import annotations

import re
import tomllib

from .inline_metadata import PREFIX, script_blocks
from .toml_text import array_at, statement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_CODING = re.compile(r"[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+", re.ASCII)
"""A line that declares an encoding (PEP 263)."""

_NO_CODE = re.compile(r"[ \t\f]*(?:#.*)?")
"""A line behind which an encoding can still be declared (PEP 263)."""

MARK = "\xef\xbb\xbf"
"""The byte order mark of UTF-8, as Latin-1 reads it."""

INDENT = "    "


def block_text(requirements: Sequence[str], requires_python: str = "") -> str:
    """Return a script block (PEP 723) that names requirements, ending in a line break."""
    lines = [f'requires-python = "{requires_python}"'] if requires_python else []
    lines += _array(requirements)
    return "# /// script\n" + "".join(f"{PREFIX}{line}\n" for line in lines) + "# ///\n"


def with_added(data: bytes, requirements: Sequence[str]) -> bytes:
    """Return a script with `requirements` in its block beside what is there; a block is made where there is none.

    Raises:
        ValueError: the block, or the file, cannot be edited; `str()` is the end of a sentence.
    """
    # Latin-1 gives each byte a character, so that whatever the encoding is, all bytes come back as they were.
    text = data.decode("latin-1")
    mark = MARK if text.startswith(MARK) else ""
    return (mark + _with_added(text.removeprefix(mark), requirements)).encode("latin-1")


def _with_added(text: str, requirements: Sequence[str]) -> str:
    if "\r" in text and "\n" not in text:
        raise ValueError("ends its lines with carriage returns alone, which no tool reads a block from; convert it")
    end = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    lines = text.split("\n")
    bare = [line.removesuffix("\r") for line in lines]
    blocks = list(script_blocks(bare))
    if len(blocks) > 1:
        raise ValueError("has a second script block; PEP 723 allows one, so join them")
    if not blocks:
        if "# /// script" in bare:
            raise ValueError("has a script block that is not closed; end it with a line # ///")
        return _inserted(lines, block_text(requirements).replace("\n", end), end)
    start, closing = blocks[0]
    content = "\n".join(line[len(PREFIX) :] for line in bare[start + 1 : closing]) + "\n"
    for offset, added in sorted(_insertions(content, requirements), reverse=True):
        number = start + 1 + content.count("\n", 0, offset)
        column = offset - content.rfind("\n", 0, offset) - 1 + len(PREFIX)
        made = added.replace("\n", end + PREFIX)
        if added.endswith("\n") and column == len(PREFIX):
            lines.insert(number, PREFIX + made.removesuffix("\n" + PREFIX))
        else:
            lines[number] = lines[number][:column] + made + lines[number][column:]
    return "\n".join(lines)


def _insertions(content: str, requirements: Sequence[str]) -> list[tuple[int, str]]:
    """Return what to put into a block's TOML, and where, so that its dependencies hold the requirements too."""
    try:
        table = tomllib.loads(content)
        present = table.get("dependencies", [])
        added = [each for each in requirements if each not in present]
        insertions = _for_array(content, added) if added else []
        wanted = {**table, "dependencies": [*present, *added]}
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"has a script block that is not valid: {error}") from error
    made = content
    for offset, text in sorted(insertions, reverse=True):
        made = made[:offset] + text + made[offset:]
    if added and _loaded(made) != wanted:
        raise ValueError("has a script block whose dependencies are written in an unusual way; add to them by hand")
    return insertions


def _loaded(content: str) -> object:
    try:
        return tomllib.loads(content)
    except (ValueError, RecursionError):
        return None


def _for_array(content: str, added: Sequence[str]) -> list[tuple[int, str]]:
    found = statement(content, "dependencies")
    if found is None:
        return [(0, "\n".join(_array(added)) + "\n")]
    array = array_at(content, found.value)
    if not array.strings:
        opening_end = content.find("\n", array.opening)
        if opening_end < array.closing:
            return [(opening_end, "".join(f"\n{INDENT}{_quoted(each)}," for each in added))]
        return [(array.closing, "".join(f"\n{INDENT}{_quoted(each)}," for each in added) + "\n")]
    return _behind(content, array.strings[-1], array.closing, added)


def _behind(content: str, last: tuple[int, int], closing: int, added: Sequence[str]) -> list[tuple[int, str]]:
    """Return the insertions behind the last string of an array, in its manner: quotes, indentation, lines."""
    start, end = last
    quoted = [_quoted(each, content[start]) for each in added]
    comma = _comma_behind(content, end, closing)
    line_start = content.rfind("\n", 0, start) + 1
    before = content[line_start:start]
    line_end = content.find("\n", comma or end)
    if before.strip() or not 0 <= line_end < closing:
        # Not on lines of their own.
        return [(comma, "".join(f" {each}," for each in quoted)[:-1])] if comma else [
            (end, "".join(f", {each}" for each in quoted))
        ]  # fmt: skip
    below = "".join(f"\n{before}{each}," for each in quoted)
    if comma:
        return [(line_end, below)]
    return [(end, "," + below)] if line_end == end else [(end, ","), (line_end, below)]


def _comma_behind(content: str, end: int, closing: int) -> int:
    """Return the offset behind the comma that follows the last string of an array, or 0."""
    at = end
    while at < closing:
        if content[at] == ",":
            return at + 1
        at = content.find("\n", at) if content[at] == "#" else at + 1
    return 0


def _array(requirements: Sequence[str]) -> list[str]:
    if not requirements:
        return ["dependencies = []"]
    return ["dependencies = [", *(f"{INDENT}{_quoted(each)}," for each in requirements), "]"]


def _quoted(text: str, quote: str = '"') -> str:
    """Return a TOML string, in a kind of quotes where it can stand in them; requirements hold no control characters."""
    if quote == "'" and "'" not in text:
        return f"'{text}'"
    if '"' in text and "'" not in text:
        return f"'{text}'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _inserted(lines: list[str], block: str, end: str) -> str:
    """Put a new block behind the lines that must stay first: a `#!` line, a coding line."""
    first = 1 if lines[0].startswith("#!") else 0
    for number, line in enumerate(lines[:2]):
        if _CODING.match(line):
            first = number + 1
            break
        if not _NO_CODE.fullmatch(line.rstrip("\r")):
            break
    head, rest = "\n".join(lines[:first]), "\n".join(lines[first:])
    if first:
        head += "\n" if len(lines) > first else end
    gap = "" if not rest or rest.startswith(("\n", "\r\n")) else end
    return head + block + gap + rest
