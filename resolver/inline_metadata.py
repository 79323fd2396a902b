"""Script text -> its PEP 723 block, parsed and checked."""

from __future__ import annotations

import re
import tomllib

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .target import Target

LONGEST_BLOCK = 200_000
MOST_DOTS = 100
"""In a line outside quotes; tomllib takes quadratic time for dotted keys."""

OPENING = re.compile(r"# /// (?P<type>[a-zA-Z0-9-]+)")
"""The first line of a block (PEP 723)."""


class InlineMetadata(Value):
    """The block of a script: None for `dependencies` where it has no such key; `problem` where it is invalid."""

    dependencies: tuple[str, ...] | None = None
    requires_python: str = ""
    has_uv_settings: bool = False
    line: int = 0
    problem: str = ""

    def problem_on(self, target: Target) -> str:
        """Return why the block's `requires-python` rules a target out, or ""."""
        if not self.requires_python:
            return ""
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        try:
            wanted = SpecifierSet(self.requires_python)
        except InvalidSpecifier:
            return f"has a script block whose requires-python is no version specifier: {self.requires_python!r}"
        if wanted.contains(target.release, prereleases=True):
            return ""
        return f"needs Python {self.requires_python}, and this is Python {target.release}"


def inline_metadata(text: str) -> InlineMetadata | None:
    """Return the script block of a text (PEP 723), or None where there is none."""
    blocks = list(_script_blocks(text.replace("\r\n", "\n").split("\n")))
    if not blocks:
        return None
    if len(blocks) > 1:
        problem = "has a second script block; PEP 723 allows one, so join them"
        return InlineMetadata(line=blocks[1][0], problem=problem)
    return _parsed(*blocks[0])


def _script_blocks(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the line and the content of each script block, as the regular expression in PEP 723 finds them.

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
            yield start + 1, "\n".join(line[2:] for line in lines[start + 1 : closing]) + "\n"
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
        return InlineMetadata(line=line, problem=f"has a script block that is not valid TOML: {error}")
    dependencies, requires_python, tool = (
        table.get("dependencies"),
        table.get("requires-python", ""),
        table.get("tool", {}),
    )
    if dependencies is not None and not _is_list_of_text(dependencies):
        return InlineMetadata(line=line, problem="has a script block whose dependencies are not a list of strings")
    if not isinstance(requires_python, str):
        return InlineMetadata(line=line, problem="has a script block whose requires-python is not a string")
    listed = None if dependencies is None else tuple(dependencies)
    return InlineMetadata(listed, requires_python, isinstance(tool, dict) and "uv" in tool, line)


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
