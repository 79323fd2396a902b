"""Script text -> its PEP 723 block, parsed and checked."""

from __future__ import annotations

import re
import tomllib

from .toml_text import array_at, places, statement
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from typing import Any

    from .target import Target

LONGEST_BLOCK = 200_000
PREFIX = "# "
"""What stands before each line of a block's TOML."""

MOST_DOTS = 100
"""In a line outside quotes; tomllib takes quadratic time for dotted keys."""

OPENING = re.compile(r"# /// (?P<type>[a-zA-Z0-9-]+)")
"""The first line of a block (PEP 723)."""


class InlineMetadata(Value):
    """The block of a script: None for `dependencies` where it has no such key; `problem` where it is invalid.

    `line` is where it begins, or where the problem is; `places` are the lines and columns of its dependencies, and
    `python_place` those of its `requires-python`, counted in the script from 1. `content` is its TOML.
    """

    dependencies: tuple[str, ...] | None = None
    requires_python: str = ""
    has_uv_settings: bool = False
    line: int = 0
    problem: str = ""
    places: tuple[tuple[int, int], ...] = ()
    python_place: tuple[int, int] = (0, 0)
    content: str = ""

    def problem_on(self, target: Target) -> str:
        """Return why the block's `requires-python` rules a target out, or ""."""
        if not self.requires_python:
            return ""
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        try:
            wanted = SpecifierSet(self.requires_python)
        except InvalidSpecifier:
            found = f"{self.requires_python!r}{_at(self.python_place)}"
            return f"has a script block whose requires-python is no version specifier: {found}"
        if wanted.contains(target.release, prereleases=True):
            return ""
        return f"needs Python {self.requires_python}, and this is Python {target.release}"


def inline_metadata(text: str) -> InlineMetadata | None:
    """Return the script block of a text (PEP 723), or None where there is none."""
    lines = text.replace("\r\n", "\n").split("\n")
    blocks = list(script_blocks(lines))
    if not blocks:
        return None
    if len(blocks) > 1:
        problem = "has a second script block; PEP 723 allows one, so join them"
        return InlineMetadata(line=blocks[1][0] + 1, problem=problem)
    start, closing = blocks[0]
    return _parsed(start + 1, "\n".join(line[len(PREFIX) :] for line in lines[start + 1 : closing]) + "\n")


def script_blocks(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the indexes of the first and the last line of each script block, as PEP 723's regular expression does.

    That expression takes quadratic time on hostile text; this reads each line once.
    """
    start = 0
    while start < len(lines):
        opening = OPENING.fullmatch(lines[start])
        if not opening:
            start += 1
            continue
        after = _end_of_comment(lines, start + 1)
        closing = max((index for index in range(start + 2, after) if lines[index] == "# ///"), default=0)
        if closing and opening["type"] == "script":
            yield start, closing
        start = closing + 1 if closing else after


def _end_of_comment(lines: list[str], start: int) -> int:
    """Return the index of the first line that cannot be content of a block."""
    while start < len(lines) and (lines[start] == "#" or lines[start].startswith("# ")):
        start += 1
    return start


def _parsed(line: int, content: str) -> InlineMetadata:
    if len(content) > LONGEST_BLOCK or any(
        text.partition('"')[0].count(".") > MOST_DOTS for text in content.split("\n")
    ):
        return InlineMetadata(line=line, problem="has a script block that is too long to be one")
    try:
        table = tomllib.loads(content)
    except (ValueError, RecursionError) as error:
        return _invalid(line, content, error)
    dependencies, requires_python = table.get("dependencies"), table.get("requires-python", "")
    if dependencies is not None and not _is_list_of_text(dependencies):
        return _mistyped(line, content, "dependencies", "are not a list of strings")
    if not isinstance(requires_python, str):
        return _mistyped(line, content, "requires-python", "is not a string")
    tool = table.get("tool", {})
    return InlineMetadata(
        None if dependencies is None else tuple(dependencies),
        requires_python,
        isinstance(tool, dict) and "uv" in tool,
        line,
        "",
        _places(line, content, dependencies or ()),
        next(_in_script(line, content, [_value_of(content, "requires-python")])),
        content,
    )


def _invalid(line: int, content: str, error: Exception) -> InlineMetadata:
    """Return the block with what tomllib says of it, its place counted in the script."""
    said, _, rest = str(error).partition(" (at ")
    found = re.search(r"line (\d+), column (\d+)", rest)
    last = (content.count("\n"), 1)
    number, column = (int(found[1]), int(found[2])) if found else last
    place = (line + number, column + len(PREFIX))
    problem = f"has a script block that is not valid TOML: {said}{_at(place)}"
    return InlineMetadata(line=place[0], problem=problem)


def _mistyped(line: int, content: str, key: str, what: str) -> InlineMetadata:
    (place,) = _in_script(line, content, [_value_of(content, key)])
    return InlineMetadata(line=place[0], problem=f"has a script block whose {key} {what}{_at(place)}")


def _value_of(content: str, key: str) -> int:
    """Return where the value of a key stands in a block's TOML, or its beginning where that is not to be told."""
    found = statement(content, key)
    return found.value if found else 0


def _places(line: int, content: str, dependencies: Collection[str]) -> tuple[tuple[int, int], ...]:
    opening = _value_of(content, "dependencies")
    if content[opening : opening + 1] != "[":
        return ((line, 1),) * len(dependencies)
    strings = array_at(content, opening).strings
    return tuple(_in_script(line, content, [start for start, _ in strings]))


def _in_script(line: int, content: str, offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    for number, column in places(content, offsets):
        yield line + number, column + len(PREFIX)


def _at(place: tuple[int, int]) -> str:
    return f" (line {place[0]}, column {place[1]})"


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
