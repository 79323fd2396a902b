"""Script text -> its PEP 723 block, parsed and checked."""

from __future__ import annotations

import re
import tomllib

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
"""The regular expression that PEP 723 gives for a block."""


class InlineMetadata(Value):
    """The block of a script: None for `dependencies` where it has no such key; `problem` where it is invalid."""

    dependencies: tuple[str, ...] | None = None
    requires_python: str = ""
    has_uv_settings: bool = False
    line: int = 0
    problem: str = ""


def inline_metadata(text: str) -> InlineMetadata | None:
    """Return the script block of a text (PEP 723), or None where there is none."""
    clean = text.replace("\r\n", "\n")
    if not clean.endswith("\n"):
        clean += "\n"
    blocks = [match for match in BLOCK.finditer(clean) if match["type"] == "script"]
    if not blocks:
        return None
    line = clean.count("\n", 0, blocks[0].start()) + 1
    if len(blocks) > 1:
        second = clean.count("\n", 0, blocks[1].start()) + 1
        return InlineMetadata(line=second, problem="has a second script block; PEP 723 allows one")
    return _parsed(_content(blocks[0]["content"]), line)


def _content(block: str) -> str:
    return "".join(
        line[2:] if line.startswith("# ") else line[1:] for line in block.splitlines(keepends=True)
    )


def _parsed(content: str, line: int) -> InlineMetadata:
    try:
        table = tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return InlineMetadata(line=line, problem=f"has a script block that is not valid TOML: {error}")
    dependencies, requires_python, tool = table.get("dependencies"), table.get("requires-python", ""), table.get("tool", {})
    if dependencies is not None and not _is_list_of_text(dependencies):
        return InlineMetadata(line=line, problem="has a script block whose dependencies are not a list of strings")
    if not isinstance(requires_python, str):
        return InlineMetadata(line=line, problem="has a script block whose requires-python is not a string")
    listed = None if dependencies is None else tuple(dependencies)
    return InlineMetadata(listed, requires_python, isinstance(tool, dict) and "uv" in tool, line)


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
