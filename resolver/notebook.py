"""Notebook bytes -> the text of its code cells, magics blanked so that line numbers survive."""

from __future__ import annotations

import json
import re

from .imports import parse

PYTHON_CELL_MAGICS = frozenset(
    "%%time %%timeit %%capture %%prun %%debug %%python %%python3 %%pypy %%memit %%px %%snakeviz".split()
)
"""Cell magics whose body is run as Python (IPython documentation, "Built-in magic commands"; and of extensions)."""

SHELL_CELL_MAGICS = frozenset("%%bash %%sh %%system %%! %%cmd %%script".split())
"""Cell magics whose body is run by a shell, and may install what the notebook needs."""

PYTHON_LINE_MAGICS = frozenset("%time %timeit %prun %memit".split())
"""Line magics that run what stands behind them and their options."""

_OPTIONS = re.compile(r"(?:-[nrpstlTDo]\s*+\S++\s++|-\w++\s++)*+")
_ASSIGNED = re.compile(r"[\w.,\s\[\]()]++=\s*+[!%]\s*+\w")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def code_of_notebook(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the code of a notebook (nbformat 3 and 4), its cells joined, and a note where it is none."""
    try:
        notebook = json.loads(data)
        code = [text for cell in _cells(notebook) if _is_code(cell) for text in _code_of(_text(cell))]
    except (ValueError, RecursionError, AttributeError, TypeError):
        return "", ("is not a notebook: its JSON cannot be read; save it again from Jupyter",)
    return "\n".join(code) + "\n", ()


def _cells(notebook: Any) -> list[Any]:
    if "cells" in notebook:
        return list(notebook["cells"])
    return [cell for sheet in notebook.get("worksheets", ()) for cell in sheet.get("cells", ())]


def _is_code(cell: Any) -> bool:
    return isinstance(cell, dict) and cell.get("cell_type") == "code"


def _code_of(text: str) -> list[str]:
    """Return what a cell is for Python: its code, a shell's lines as comments, nothing for other languages."""
    magic = _cell_magic(text)
    if not magic or magic in PYTHON_CELL_MAGICS:
        return [_blank_magics(text)]
    return [_as_comments(text)] if magic in SHELL_CELL_MAGICS else []


def _cell_magic(text: str) -> str:
    """Return the cell magic that decides what a cell's body is: the last of those that begin it."""
    found = ""
    for line in text.lstrip().split("\n"):
        if not line.startswith("%%"):
            break
        found = line.split(None, 1)[0]
    return found


def _as_comments(text: str) -> str:
    """Return a shell's lines as comments, so that what they install is seen; continued lines are joined."""
    made: list[str] = []
    continued = 0
    for line in text.split("\n"):
        if continued:
            made[-continued] += " " + line.strip().rstrip("\\")
        made.append("#" if continued else f"# {line.rstrip().rstrip(chr(92))}")
        continued = continued + 1 if line.rstrip().endswith("\\") else 0
    return "\n".join(made)


def _text(cell: Any) -> str:
    source = cell.get("source", cell.get("input", ""))
    return source if isinstance(source, str) else "".join(line for line in source if isinstance(line, str))


def _blank_magics(code: str) -> str:
    """Blank the lines that IPython understands and Python does not; a cell that is Python stays as it is."""
    try:
        parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        pass
    else:
        return code
    return "\n".join(map(_blanked, code.split("\n")))


def _blanked(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    if _is_magic(line):
        return indent + (_timed(line.strip()) or f"pass  # {line.lstrip()}")
    if _ASSIGNED.match(line):
        target, _, command = line.partition("=")
        return f"{target}= None  # {command.lstrip()}"
    return line


def _timed(line: str) -> str:
    """Return the Python that a line such as `%timeit -n 10 import x` runs, or ""."""
    magic, _, rest = line.partition(" ")
    code = rest[_OPTIONS.match(rest).end() :] if magic in PYTHON_LINE_MAGICS else ""  # type: ignore[union-attr]
    try:
        parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return ""
    return code.strip()


def _is_magic(line: str) -> bool:
    bare = line.strip()
    return bare.startswith(("%", "!", "?")) or (bare.endswith("?") and not any(mark in bare for mark in "#\"'"))
