"""Notebook bytes -> the code of its cells, joined; which line begins a cell, and what is not executed."""

from __future__ import annotations

import json

from .notebook_lines import not_executed, python_of_cell
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Notebook(Value):
    """The code cells of a notebook as one text, the first line of each, and sentences about the file and its lines."""

    text: str
    cells: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    not_executed: str = ""


def read_notebook(data: bytes) -> Notebook:
    """Return the code of a notebook (nbformat 3 and 4), with a note where it is none."""
    try:
        texts = [_text(cell) for cell in _cells(json.loads(data)) if _is_code(cell)]
    except (ValueError, RecursionError, AttributeError, TypeError):
        return Notebook("", notes=("is not a notebook: its JSON cannot be read; save it again from Jupyter",))
    read = [python_of_cell(text) for text in texts]
    skipped = [(f"cell {number}, ", each) for number, (_, found) in enumerate(read, 1) for each in found]
    begins, line = [], 1
    for code, _ in read:
        begins.append(line)
        line += code.count("\n") + 1
    return Notebook("\n".join(code for code, _ in read) + "\n", tuple(begins), (), not_executed(skipped))


def _cells(notebook: Any) -> list[Any]:
    if "cells" in notebook:
        return list(notebook["cells"])
    return [cell for sheet in notebook.get("worksheets", ()) for cell in sheet.get("cells", ())]


def _is_code(cell: Any) -> bool:
    return isinstance(cell, dict) and cell.get("cell_type") == "code"


def _text(cell: Any) -> str:
    source = cell.get("source", cell.get("input", ""))
    return source if isinstance(source, str) else "".join(line for line in source if isinstance(line, str))
