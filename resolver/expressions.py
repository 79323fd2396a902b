"""Expressions -> the paths of their values, gathering the uses in them on the way."""

from __future__ import annotations

import _ast

from .conditions import dotted
from .guards import asks
from .use import TEXT, Use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from .returns import Returns
    from .scope import Scope

LONGEST_PATH = 300


class Expressions:
    """Reads expressions in a scope; what binds names in them is left to whoever reads statements."""

    def __init__(self, returns: Returns, *, may_ask: bool) -> None:
        self.uses: list[Use] = []
        self._returns = returns
        self._may_ask = may_ask
        self._is_guarded = False

    def _path(self, node: _ast.expr, scope: Scope) -> str:
        """Return the path of an expression, or "", and gather the uses in it."""
        handler = _EXPRESSIONS.get(type(node))
        if handler is None:
            self._below(node, scope)
            return ""
        path = handler(self, node, scope)
        return path if len(path) <= LONGEST_PATH else ""

    def _name(self, node: _ast.Name, scope: Scope) -> str:
        return scope.path(node.id)

    def _constant(self, node: _ast.Constant, _scope: Scope) -> str:
        if isinstance(node.value, str) and len(node.value) <= LONGEST_PATH:
            self.uses.append(Use(TEXT, node.lineno, True, (("0", node.value),), self._is_guarded))
        return ""

    def _formatted(self, node: _ast.JoinedStr, scope: Scope) -> str:
        self.uses.append(Use(TEXT, node.lineno, True, (("0", scope.literals.text(node)),)))
        for part in node.values:
            if not isinstance(part, _ast.Constant):
                self._below(part, scope)
        return ""

    def _attribute(self, node: _ast.Attribute, scope: Scope) -> str:
        own = scope.path(dotted(node)) if isinstance(node.value, _ast.Name) and node.value.id == "self" else ""
        if own:
            return own
        base = self._path(node.value, scope)
        if not base:
            return ""
        path = f"{base}.{node.attr}"
        self._touch(path, node.lineno)
        return path

    def _call(self, node: _ast.Call, scope: Scope) -> str:
        path = self._path(node.func, scope)
        for argument in node.args:
            self._path(argument.value if isinstance(argument, _ast.Starred) else argument, scope)
        for keyword in node.keywords:
            self._path(keyword.value, scope)
        if not path:
            return ""
        if path.startswith("->"):
            return f"{path[2:]}()"
        arguments = tuple(self._arguments(node, scope))
        self.uses.append(Use(path, node.lineno, True, arguments, self._is_guarded))
        if isinstance(node.func, _ast.Attribute):
            key = self._string_item(node.func.value, scope)
            if key:
                self.uses.append(Use(f"{key}.{node.func.attr}", node.lineno, True, arguments, self._is_guarded))
        return self._returns.of(f"{path}()")

    def _string_item(self, node: _ast.expr, scope: Scope) -> str:
        """Return `PATH[str]` for an expression like `name["key"]`, else ""."""
        if not (isinstance(node, _ast.Subscript) and isinstance(node.value, _ast.Name)):
            return ""
        path = scope.path(node.value.id)
        is_text = isinstance(node.slice, _ast.Constant) and isinstance(node.slice.value, str)
        return f"{path}[str]" if path and is_text else ""

    def _arguments(self, node: _ast.Call, scope: Scope) -> Iterable[tuple[str, str]]:
        for index, argument in enumerate(node.args):
            if isinstance(argument, _ast.Starred):
                return
            yield str(index), scope.literals.text(argument)
        for keyword in node.keywords:
            if keyword.arg:
                yield keyword.arg, scope.literals.text(keyword.value)

    def _subscript(self, node: _ast.Subscript, scope: Scope) -> str:
        base = self._path(node.value, scope)
        self._path(node.slice, scope)
        if base and isinstance(node.slice, _ast.Tuple) and not any(map(is_part, node.slice.elts)):
            return self._returns.of(f"{base}[,]")
        return self._returns.of(f"{base}[:]") if base and is_part(node.slice) else self._item(base)

    def _item(self, path: str) -> str:
        return self._returns.of(f"{path}[]") if path else ""

    def _either(self, node: _ast.BinOp | _ast.IfExp | _ast.BoolOp, scope: Scope) -> str:
        """Return the path of an expression that is one of its parts, or is made of them: the first that has one."""
        parts: Sequence[_ast.expr]
        if isinstance(node, _ast.BinOp):
            parts = (node.left, node.right)
        elif isinstance(node, _ast.IfExp):
            parts = (node.body, node.orelse)
            self._path(node.test, scope)
        else:
            parts = node.values
        before = self._is_guarded
        self._is_guarded = before or (self._may_ask and not isinstance(node, _ast.BinOp) and asks(node))
        paths = [self._path(part, scope) for part in parts]
        self._is_guarded = before
        return next((path for path in paths if path), "")

    def _awaited(self, node: _ast.Await, scope: Scope) -> str:
        return self._path(node.value, scope)

    def _touch(self, path: str, line: int) -> None:
        self.uses.append(Use(path, line, is_guarded=self._is_guarded))

    def _below(self, node: _ast.AST, scope: Scope) -> None:
        """Read everything below a node."""
        raise NotImplementedError

    def _binding(self, node: Any, scope: Scope) -> str:
        """Read an expression that binds names of its own: a lambda, a comprehension, `:=`."""
        raise NotImplementedError


def is_part(key: _ast.expr) -> bool:
    """Whether a key picks several elements: a slice, a list, a test on each, or tests joined by `&`, `|`, `~`."""
    if isinstance(key, _ast.BinOp | _ast.UnaryOp):
        return isinstance(key.op, _ast.BitAnd | _ast.BitOr | _ast.Invert)
    return isinstance(key, _ast.Slice | _ast.List | _ast.ListComp | _ast.Compare)


_EXPRESSIONS: Mapping[type, Callable[[Expressions, Any, Scope], str]] = {
    _ast.Name: Expressions._name,
    _ast.Constant: Expressions._constant,
    _ast.JoinedStr: Expressions._formatted,
    _ast.Attribute: Expressions._attribute,
    _ast.Call: Expressions._call,
    _ast.Subscript: Expressions._subscript,
    _ast.BinOp: Expressions._either,
    _ast.IfExp: Expressions._either,
    _ast.BoolOp: Expressions._either,
    _ast.Await: Expressions._awaited,
    _ast.NamedExpr: lambda reader, node, scope: reader._binding(node, scope),
    _ast.Lambda: lambda reader, node, scope: reader._binding(node, scope),
    _ast.ListComp: lambda reader, node, scope: reader._binding(node, scope),
    _ast.SetComp: lambda reader, node, scope: reader._binding(node, scope),
    _ast.GeneratorExp: lambda reader, node, scope: reader._binding(node, scope),
    _ast.DictComp: lambda reader, node, scope: reader._binding(node, scope),
}
