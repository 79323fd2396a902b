"""The targets of an assignment whose right side is not run -> an expression that they can take, and that is empty."""

from __future__ import annotations

import _ast

from .imports import parse

SHELL = ("!", "%sx", "%system")
"""How what a shell runs begins: IPython makes a list of its output's lines; of other magics nobody knows the value."""


def empty_value(targets: str, command: str) -> str:
    """Return what is assigned instead of what a notebook's line gives, such as `[]` for `files = !ls`.

    Several targets get a value each, so that the program goes on to where the value matters.
    """
    is_shell = command.startswith(SHELL)
    try:
        statement = parse(f"{targets.strip()} 0").body[0]
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return "None"
    target = statement.targets[0] if isinstance(statement, _ast.Assign) else None
    if isinstance(target, _ast.Tuple | _ast.List):
        return _values(target, "''" if is_shell else "None")
    return "[]" if is_shell else "None"


def _values(target: _ast.Tuple | _ast.List, each: str) -> str:
    """Return a tuple with a value for each target but a starred one, which takes an empty list by itself."""
    found = [
        _values(part, each) if isinstance(part, _ast.Tuple | _ast.List) else each
        for part in target.elts
        if not isinstance(part, _ast.Starred)
    ]
    return f"({', '.join(found)}{',' if len(found) == 1 else ''})"
