"""Notebook bytes -> the text of its code cells, magics blanked so that line numbers survive."""

from __future__ import annotations

import json

from .imports import parse

PYTHON_CELL_MAGICS = frozenset({"%%time", "%%timeit", "%%capture", "%%prun"})
"""Cell magics whose body is run as Python (IPython documentation, "Built-in magic commands")."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def code_of_notebook(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the code of a notebook (nbformat 3 and 4), its cells joined, and a note where it is none."""
    try:
        notebook = json.loads(data)
        code = [_blank_magics(_text(cell)) for cell in _cells(notebook) if _is_python(cell)]
    except (ValueError, RecursionError, AttributeError, TypeError):
        return "", ("is not a notebook: its JSON cannot be read; save it again from Jupyter",)
    return "\n".join(code) + "\n", ()


def _cells(notebook: Any) -> list[Any]:
    if "cells" in notebook:
        return list(notebook["cells"])
    return [cell for sheet in notebook.get("worksheets", ()) for cell in sheet.get("cells", ())]


def _is_python(cell: Any) -> bool:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return False
    text = _text(cell).lstrip()
    return not text.startswith("%%") or text.split(None, 1)[0] in PYTHON_CELL_MAGICS


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
    return "\n".join(
        f"{line[: len(line) - len(line.lstrip())]}pass  # {line.lstrip()}" if _is_magic(line) else line
        for line in code.split("\n")
    )


def _is_magic(line: str) -> bool:
    bare = line.strip()
    return bare.startswith(("%", "!", "?")) or (bare.endswith("?") and not any(mark in bare for mark in "#\"'"))
