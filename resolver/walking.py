"""Syntax tree -> its nodes, without recursion and without the cost of importing `ast`."""

from __future__ import annotations

import _ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


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


def children(node: _ast.AST) -> list[_ast.AST]:
    """Return the nodes directly below one."""
    found: list[_ast.AST] = []
    for field in node._fields:
        value = getattr(node, field, None)
        below = value if type(value) is list else (value,)
        found.extend([each for each in below if isinstance(each, _ast.AST)])
    return found
