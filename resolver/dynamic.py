"""Syntax tree -> the imports that are made by calls with a constant name."""

from __future__ import annotations

import _ast

from .conditions import dotted
from .imports import Import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

IMPORTING_CALLS = {"import_module": "dynamic", "__import__": "dynamic", "importorskip": "optional"}
"""Last part of the called name -> the circumstance it puts the import in."""


def dynamic_imports(tree: _ast.AST) -> Iterator[Import]:
    """Yield an Import for each `import_module("x")`, `__import__("x")` and `pytest.importorskip("x")`."""
    for node in walk(tree):
        if not isinstance(node, _ast.Call) or not node.args:
            continue
        circumstance = IMPORTING_CALLS.get(dotted(node.func).rpartition(".")[2])
        name = node.args[0]
        if circumstance and isinstance(name, _ast.Constant) and _is_module_name(name.value):
            circumstances = tuple(dict.fromkeys(("dynamic", circumstance)))
            yield Import(str(name.value), (), node.lineno, node.col_offset, 0, circumstances)


def _is_module_name(value: object) -> bool:
    return isinstance(value, str) and all(part.isidentifier() for part in value.split("."))


def walk(tree: _ast.AST) -> Iterator[_ast.AST]:
    """Yield a node and all below it, each before those below it, without recursion."""
    waiting: list[object] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _ast.AST):
            yield node
            waiting.extend([getattr(node, field, None) for field in node._fields])
        elif isinstance(node, list):
            waiting.extend(node)
