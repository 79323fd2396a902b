"""Statements and expressions -> whether a script has another way there: by `except`, or by asking what is there."""

from __future__ import annotations

import _ast

from .conditions import dotted

CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "TypeError"})
"""What a library raises for what it does not have: to catch one of these is to have another way."""

TESTS = frozenset({"hasattr", "getattr", "find_spec", "PY2", "PY3"})
"""Names in a condition that asks which release is there, as does every name with `version` in it."""


def asks(node: _ast.expr) -> bool:
    """Whether an expression asks which release is there: the names and attributes in it say so."""
    rest: list[_ast.AST] = [node]
    while rest:
        each = rest.pop()
        name = getattr(each, "id", getattr(each, "attr", ""))
        if name in TESTS or "version" in name.lower():
            return True
        for field in each._fields:
            value = getattr(each, field, None)
            rest.extend(part for part in (value if isinstance(value, list) else [value]) if isinstance(part, _ast.AST))
    return False


def may_ask(text: str) -> bool:
    """Whether an expression in a text can ask which release is there."""
    return "version" in text.lower() or any(name in text for name in TESTS)


def leaves_after_test(statement: _ast.stmt) -> bool:
    """Whether what follows a statement only runs where its test of a release failed."""
    if not (isinstance(statement, _ast.If) and asks(statement.test)):
        return False
    return isinstance(statement.body[-1], _ast.Return | _ast.Raise | _ast.Continue)


def is_another_way(handler: _ast.ExceptHandler) -> bool:
    """Whether an `except` is there for a library that lacks something; a broad one is, if it imports or assigns."""
    if handler.type is None or dotted(handler.type) in ("Exception", "BaseException"):
        return any(_gives(statement) for statement in handler.body)
    kinds = handler.type.elts if isinstance(handler.type, _ast.Tuple) else [handler.type]
    return any(dotted(kind) in CAUGHT for kind in kinds)


def _gives(statement: _ast.stmt) -> bool:
    """Whether a statement binds a name to something, as a substitute does."""
    if isinstance(statement, _ast.Assign):
        return not isinstance(statement.value, _ast.Constant)
    return isinstance(statement, _ast.Import | _ast.ImportFrom)


def suppresses(node: _ast.expr) -> bool:
    """Whether an expression is `suppress(...)` of what a library raises for what it lacks."""
    if not (isinstance(node, _ast.Call) and dotted(node.func).rpartition(".")[2] == "suppress"):
        return False
    return any(dotted(kind) in CAUGHT for kind in node.args)
