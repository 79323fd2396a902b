"""`try` statement -> what becomes of the script where its import fails: it ends, goes on without, or has another."""

from __future__ import annotations

import _ast

from .conditions import dotted
from .value import Value
from .walking import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Literal

    Outcome = Literal["required", "optional", "choice"]
    IsCall = Callable[[_ast.stmt], bool]

IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})
CATCH_ALL = frozenset({"Exception", "BaseException", ""})

_EXITS = frozenset(
    {
        "sys.exit", "exit", "quit", "os._exit", "_exit", "SystemExit", "pytest.skip", "pytest.exit", "os.abort",
        "os.execv", "os.execve", "os.execvp", "os.execl", "os.execlp", "parser.error", "parser.exit",
    }
)  # fmt: skip
_HELPERS = frozenset({"logging", "os", "pip", "subprocess", "sys", "time", "traceback", "warnings"})
"""Modules with which a handler reports, installs or ends, and which therefore replace nothing of another name."""


class Attempt(Value):
    """What becomes of a failed import: `outcome`, and the handler that it ends in."""

    outcome: Outcome
    handler: _ast.ExceptHandler | None = None


def attempt(statement: _ast.Try, is_call: IsCall) -> Attempt:
    """Judge a `try` by the first handler that a missing module reaches; the ones behind it never see it.

    `is_call` tells whether a statement imports by a call with a constant name.
    """
    handler = next((each for each in statement.handlers if _is_for_imports(each, statement.body, is_call)), None)
    if handler is None or ends_the_program(handler.body) or _imports_again(handler, statement.body):
        return Attempt("required", handler)
    if imports_instead(handler.body, statement.body, is_call):
        return Attempt("choice", handler)
    return Attempt("optional" if _stands_in(handler.body) else "required", handler)


def catches_imports(handler: _ast.ExceptHandler) -> bool:
    """Whether a handler names ImportError or ModuleNotFoundError."""
    return not IMPORT_ERRORS.isdisjoint(caught(handler.type))


def _is_for_imports(handler: _ast.ExceptHandler, body: Sequence[_ast.stmt], is_call: IsCall) -> bool:
    """Whether a handler is there for a failed import: by its name, or by catching all around imports.

    One that catches all is, where nothing but imports is tried, or where it gives an imported name another value.
    """
    names = caught(handler.type)
    if not IMPORT_ERRORS.isdisjoint(names):
        return True
    if CATCH_ALL.isdisjoint(names):
        return False
    simple = (_ast.Import, _ast.ImportFrom, _ast.Assign, _ast.AnnAssign, _ast.Pass)
    if all(isinstance(each, simple) or is_call(each) for each in body):
        return True
    return not set(_bound_in(each for each in body if is_import(each))).isdisjoint(_bound_in(handler.body))


def caught(node: _ast.expr | None) -> set[str]:
    """Return the last parts of the names of what a handler catches; "" for a bare `except`."""
    if node is None:
        return {""}
    elements = node.elts if isinstance(node, _ast.Tuple) else [node]
    return {dotted(element).rpartition(".")[2] for element in elements} - {""}


def ends_the_program(body: Sequence[_ast.stmt]) -> bool:
    """Whether statements always raise or leave the program, so that the import that they guard is required."""
    return any(_ends(statement) for statement in body)


def _ends(statement: _ast.stmt) -> bool:
    if isinstance(statement, _ast.Raise):
        return True
    if isinstance(statement, _ast.Assert):
        return isinstance(statement.test, _ast.Constant) and not statement.test.value
    if isinstance(statement, _ast.Expr) and isinstance(statement.value, _ast.Call):
        return dotted(statement.value.func) in _EXITS
    if isinstance(statement, _ast.If):
        return ends_the_program(statement.body) and ends_the_program(statement.orelse)
    if isinstance(statement, _ast.With | _ast.AsyncWith):
        return ends_the_program(statement.body)
    if isinstance(statement, _ast.Try):
        ways = [statement.body + statement.orelse, *(handler.body for handler in statement.handlers)]
        return ends_the_program(statement.finalbody) or all(ends_the_program(way) for way in ways)
    return False


def _imports_again(handler: _ast.ExceptHandler, tried: Sequence[_ast.stmt]) -> bool:
    """Whether a handler imports, wherever in it, all that was tried: it installs it first, or waits for it."""
    wanted = {top for statement in tried for top in _tops(statement)} - {"."}
    return bool(wanted) and wanted <= {top for node in walk(handler) for top in _tops(node)}


def is_import(statement: _ast.stmt) -> bool:
    """Whether a statement is an `import` or a `from ... import`."""
    return isinstance(statement, _ast.Import | _ast.ImportFrom)


def imports_instead(body: Sequence[_ast.stmt], tried: Sequence[_ast.stmt], is_call: IsCall) -> bool:
    """Whether statements always import something in place of what was tried."""
    return _has_import(body, frozenset(_bound_in(tried)), is_call)


def _has_import(body: Sequence[_ast.stmt], wanted: frozenset[str], is_call: IsCall) -> bool:
    return any(_replaces(statement, wanted, is_call) for statement in body)


def _replaces(statement: _ast.stmt, wanted: frozenset[str], is_call: IsCall) -> bool:
    if is_import(statement):
        is_helper = _HELPERS.issuperset(_tops(statement))
        return not is_helper or not wanted.isdisjoint(_bound_in((statement,)))
    if isinstance(statement, _ast.Try):
        return _has_import(statement.body, wanted, is_call)
    if isinstance(statement, _ast.If):
        return _has_import(statement.body, wanted, is_call) and _has_import(statement.orelse, wanted, is_call)
    return is_call(statement)


def _tops(statement: _ast.AST) -> Iterator[str]:
    if isinstance(statement, _ast.ImportFrom):
        yield "." if statement.level else (statement.module or "").partition(".")[0]
    elif isinstance(statement, _ast.Import):
        yield from (alias.name.partition(".")[0] for alias in statement.names)


def _bound_in(body: Sequence[_ast.stmt] | Iterator[_ast.stmt]) -> Iterator[str]:
    """Yield the names that statements bind themselves, by import or assignment."""
    for statement in body:
        if isinstance(statement, _ast.Import | _ast.ImportFrom):
            for alias in statement.names:
                yield alias.asname or alias.name.partition(".")[0]
        elif isinstance(statement, _ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, _ast.Name))


def _stands_in(body: Sequence[_ast.stmt]) -> bool:
    """Whether a handler puts something in place of the import; one that only prints leaves the name undefined."""
    acting = [each for each in body if not is_import(each)]
    return any(not isinstance(each, _ast.Expr) or isinstance(each.value, _ast.Constant) for each in acting)
