"""Syntax tree -> the folders that a script puts on `sys.path` itself, as far as its text shows them.

Nothing is run: a path is followed through constants, `__file__`, `os.path` and `pathlib`, and must be a folder that
exists. What tools install into (`site-packages`, environments) does not count, since nothing in it is the script's own.
"""

from __future__ import annotations

import _ast
import os

from .bindings import Bindings
from .imports import parse
from .naming_lines import lines_naming
from .path_values import PathValues
from .source import IGNORED_FOLDERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bindings import Namespace
    from .imports import Reading
    from .lines import Lines
    from .source import Source

MOST_FOLDERS = 50
MOST_LINES = 2_000
"""Statements that are read by themselves of a text that does not parse."""

_ADDING = {"sys.path.insert": 1, "sys.path.append": 0, "sys.path.extend": 0, "site.addsitedir": 0}
"""The call -> the position of the argument that names folders."""
_CHANGES = (_ast.Expr, _ast.Assign, _ast.AugAssign)

_WORDS = ("sys.path", "from sys import", "path.append", "path.insert", "path.extend", "addsitedir")
"""What stands on the lines that change `sys.path`, or that give it another name."""


def added_folders(source: Source, reading: Reading) -> tuple[str, ...]:
    """Return the existing folders that a script adds to `sys.path`, without doubles; of a caller's, those shared."""
    text = source.text if reading.tree else ""
    tree = reading.tree or _lines_alone(source.text)
    statements = list(_statements(tree, lines_naming(_WORDS, text)))
    if not statements:
        return ()
    bindings = Bindings(tree, text)
    values = PathValues(bindings, source.path, source.folder)
    found: dict[str, None] = {}
    for statement in statements:
        names = bindings.at(statement)
        for node in _added_by(statement, names, bindings):
            found.update((path, None) for path in values.of(node, names) if _counts(path, source))
    return tuple(found)[:MOST_FOLDERS]


def _lines_alone(text: str) -> _ast.Module:
    """Return what parses by itself of the lines that speak of paths, for text that does not parse as a whole."""
    good: list[_ast.stmt] = []
    for line in text.split("\n"):
        if "path" in line.lower() or "__file__" in line or "import" in line:
            try:
                good.extend(parse(line.strip()).body)
            except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
                continue
        if len(good) > MOST_LINES:
            break
    return _ast.Module(good, [])


def _statements(tree: _ast.Module, lines: Lines) -> Iterator[_ast.stmt]:
    """Yield the statements on some lines that may change `sys.path`."""
    waiting: list[_ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _ast.stmt) and not lines.touch(node.lineno, node.end_lineno):
            continue
        below = [each for field in node._fields for each in _listed(getattr(node, field, None))]
        waiting.extend(each for each in below if isinstance(each, _ast.stmt | _ast.excepthandler | _ast.match_case))
        if isinstance(node, _CHANGES):
            yield node


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _added_by(node: _ast.stmt, names: Namespace, bindings: Bindings) -> Iterator[_ast.expr]:
    if isinstance(node, _ast.Expr) and isinstance(node.value, _ast.Call):
        call = node.value
        for path in bindings.paths(call.func, names):
            if path in _ADDING and _ADDING[path] < len(call.args):
                yield call.args[_ADDING[path]]
    elif isinstance(node, _ast.AugAssign) and "sys.path" in bindings.paths(node.target, names):
        yield node.value
    elif isinstance(node, _ast.Assign) and any(_is_search_path(each, names, bindings) for each in node.targets):
        yield from _operands(node.value)


def _is_search_path(target: _ast.expr, names: Namespace, bindings: Bindings) -> bool:
    """Whether an assignment is one to `sys.path` or to a part of it."""
    inner = target.value if isinstance(target, _ast.Subscript) else target
    return "sys.path" in bindings.paths(inner, names)


def _operands(node: _ast.expr) -> Iterator[_ast.expr]:
    while isinstance(node, _ast.BinOp) and isinstance(node.op, _ast.Add):
        yield node.right
        node = node.left
    yield node


def _counts(path: str, source: Source) -> bool:
    if not os.path.isdir(path) or not IGNORED_FOLDERS.isdisjoint(path.split(os.sep)):
        return False
    return source.sees(path)
