"""Test -> whether it holds where a module can be imported, or where it cannot: `find_spec`, flags, `is_x_available`."""

from __future__ import annotations

import _ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .bindings import Bindings, Namespace

ASKING_CALLS = frozenset({"find_spec", "find_loader"})
"""Last parts of calls that answer None for a module that is not there (`importlib.util`, `pkgutil`)."""

DEEPEST = 20


class Availability:
    """Tells tests that ask whether a module is there from all others."""

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings

    def of(self, test: _ast.expr, names: Namespace, depth: int = 0) -> bool | None:
        """Return True for a test that holds only with the module, False for one only without it, else None."""
        read = _READERS.get(type(test))
        return read(self, test, names, depth + 1) if read and depth < DEEPEST else None

    def _call(self, node: _ast.Call, names: Namespace, depth: int) -> bool | None:
        paths = self._bindings.paths(node.func, names)
        last = {path.rpartition(".")[2] for path in paths}
        if not last.isdisjoint(ASKING_CALLS):
            return True
        if "bool" in last and len(node.args) == 1:
            return self.of(node.args[0], names, depth)
        if any(each.startswith("is_") and each.endswith("_available") for each in last):
            # So the libraries of Hugging Face document their tests (`transformers.utils.is_torch_available`).
            return True
        return self._of_function(node.func, names, depth)

    def _of_function(self, node: _ast.expr, names: Namespace, depth: int) -> bool | None:
        """Read a function of the script's own that does nothing but answer such a test."""
        bound = names.look_up(node.id) if isinstance(node, _ast.Name) else ()
        if len(bound) != 1 or not isinstance(bound[0], _ast.FunctionDef):
            return None
        body = [each for each in bound[0].body if not _is_text(each)]
        if len(body) != 1 or not isinstance(body[0], _ast.Return) or body[0].value is None:
            return None
        return self.of(body[0].value, self._bindings.at(body[0]), depth)

    def _name(self, node: _ast.Name, names: Namespace, depth: int) -> bool | None:
        home = names.home(node.id)
        bound = home.bound[node.id] if home else []
        if home is None:
            return None
        if len(bound) == 1:
            return self.of(bound[0], home, depth) if isinstance(bound[0], _ast.expr) else None
        # A flag: set one way where an import fails, and another way, or by an import, elsewhere.
        where_missing = home.fallbacks.get(node.id)
        if where_missing is None or not all(isinstance(each, str | _ast.Constant | _ast.expr) for each in bound):
            return None
        constants = [bool(each.value) for each in bound if isinstance(each, _ast.Constant)]
        if len(constants) == len(bound) and all(each is where_missing for each in constants):
            return None
        return not where_missing

    def _not(self, node: _ast.UnaryOp, names: Namespace, depth: int) -> bool | None:
        inner = self.of(node.operand, names, depth) if isinstance(node.op, _ast.Not) else None
        return None if inner is None else not inner

    def _compare(self, node: _ast.Compare, names: Namespace, depth: int) -> bool | None:
        """Read `is None`, `is not None`, `== True` and the like."""
        if len(node.ops) != 1 or not isinstance(node.comparators[0], _ast.Constant):
            return None
        inner = self.of(node.left, names, depth)
        if inner is None or not isinstance(node.ops[0], _ast.Is | _ast.Eq | _ast.IsNot | _ast.NotEq):
            return None
        is_same = isinstance(node.ops[0], _ast.Is | _ast.Eq)
        return inner if is_same is bool(node.comparators[0].value) else not inner

    def _either(self, node: _ast.BoolOp, names: Namespace, depth: int) -> bool | None:
        """Of `and`, one part is enough to tell; of `or`, all must agree."""
        parts = {self.of(each, names, depth) for each in node.values}
        if isinstance(node.op, _ast.And):
            parts.discard(None)
        return parts.pop() if len(parts) == 1 else None

    def _named(self, node: _ast.NamedExpr, names: Namespace, depth: int) -> bool | None:
        return self.of(node.value, names, depth)


def _is_text(statement: _ast.stmt) -> bool:
    return isinstance(statement, _ast.Expr) and isinstance(statement.value, _ast.Constant)


_READERS: dict[type, Callable[[Availability, Any, Namespace, int], bool | None]] = {
    _ast.Call: Availability._call,
    _ast.Name: Availability._name,
    _ast.UnaryOp: Availability._not,
    _ast.Compare: Availability._compare,
    _ast.BoolOp: Availability._either,
    _ast.NamedExpr: Availability._named,
}
