"""Syntax tree -> `Use`s: what a script touches and calls of the modules that it imports, followed by name.

A path spells how a value was come by: `pandas.read_csv` is a function, `pandas.DataFrame()` an instance,
`pandas.DataFrame()[]` an item of one, `pandas.DataFrame()[:]` a part (a slice, a list of keys, a mask), and
`pandas.DataFrame().loc[,]` a cell (of several keys, none of them a part). Names are followed through imports and their
aliases, assignments, `with`, `for`, annotated parameters and attributes of `self`, in the order in which they are
written; a function's body is read after the code around it. What calls return is looked up in a table, since that is
what libraries document.

Beside that, `name["key"].method()` is a use of `PATH[str].method` and `name["key"][...] = value` one of
`PATH[str][]=`: whether the holder of the item changes is another question than what the item is.
"""

from __future__ import annotations

import _ast
from collections import deque

from .conditions import dotted
from .expressions import Expressions
from .guards import asks, is_another_way, leaves_after_test, suppresses
from .scope import Scope
from .use import Use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from .returns import Returns

READINGS = 3
CELL = "marimo.App().cell"
"""Decorator of functions that share their names, whose parameters are names that others bind: a notebook's cells."""


def uses_in(tree: _ast.Module, returns: Returns, *, may_ask: bool = True) -> tuple[Use, ...]:
    """Return the uses in a tree, in no order; () where it is nested too deeply. `may_ask`: as `guards.may_ask` says."""
    reader = _Reader(returns, may_ask=may_ask)
    try:
        reader.read(tree)
    except RecursionError:
        return ()
    return reader.gathered()


class _Reader(Expressions):
    """Walks a tree once and gathers uses."""

    def __init__(self, returns: Returns, *, may_ask: bool) -> None:
        super().__init__(returns, may_ask=may_ask)
        self._cells: list[tuple[Sequence[_ast.stmt], Scope, bool]] = []
        self._assigned: set[str] = set()
        self._module = Scope()
        self._waiting: deque[tuple[Sequence[_ast.stmt], Scope, bool]] = deque()

    def read(self, tree: _ast.Module) -> None:
        """Read the module's statements, then the bodies of its functions, then those inside them.

        Cells of a notebook stand in any order: each reading knows what the one before it found in all of them.
        """
        self._waiting.append((tree.body, self._module, False))
        self._read_waiting()
        self._waiting.extend(self._cells * READINGS)
        self._read_waiting()

    def _read_waiting(self) -> None:
        while self._waiting:
            body, scope, self._is_guarded = self._waiting.popleft()
            self._block(body, scope)

    def gathered(self) -> tuple[Use, ...]:
        """Return what was gathered; a use of what the script itself assigned is guarded."""
        if not self._assigned:
            return tuple(self.uses)
        return tuple(use.replace(is_guarded=True) if self._is_assigned(use.path) else use for use in self.uses)

    def _is_assigned(self, path: str) -> bool:
        """Whether a path is one of those assigned, or leads through one; instances count as their class."""
        parts = path.replace("()", "").split(".")
        return any(".".join(parts[:end]) in self._assigned for end in range(2, len(parts) + 1))

    def _block(self, body: Iterable[_ast.stmt], scope: Scope) -> None:
        before = self._is_guarded
        for statement in body:
            handler = _STATEMENTS.get(type(statement))
            if handler is None:
                self._below(statement, scope)
            else:
                handler(self, statement, scope)
            self._is_guarded = self._is_guarded or (self._may_ask and leaves_after_test(statement))
        self._is_guarded = before

    def _if(self, statement: _ast.If, scope: Scope) -> None:
        """Read an `if` and each `elif` in turn: a long chain of them is nested deeply."""
        before = self._is_guarded
        rest: Sequence[_ast.stmt] = [statement]
        while len(rest) == 1 and isinstance(rest[0], _ast.If):
            clause = rest[0]
            self._is_guarded = self._is_guarded or (self._may_ask and asks(clause.test))
            self._path(clause.test, scope)
            self._block(clause.body, scope)
            rest = clause.orelse
        self._block(rest, scope)
        self._is_guarded = before

    def _try(self, statement: _ast.Try, scope: Scope) -> None:
        before = self._is_guarded
        self._is_guarded = before or any(is_another_way(handler) for handler in statement.handlers)
        self._below(statement, scope)
        self._is_guarded = before

    def _below(self, node: _ast.AST, scope: Scope) -> None:
        """Read everything below a node."""
        for field in node._fields:
            value = getattr(node, field, None)
            for each in value if isinstance(value, list) else (value,):
                if isinstance(each, _ast.stmt):
                    self._block((each,), scope)
                elif isinstance(each, _ast.expr):
                    self._path(each, scope)
                elif isinstance(each, _ast.AST):
                    self._below(each, scope)

    def _import(self, statement: _ast.Import, scope: Scope) -> None:
        for alias in statement.names:
            self._touch(alias.name, statement.lineno)
            if alias.asname:
                scope.paths[alias.asname] = alias.name
            else:
                top = alias.name.partition(".")[0]
                scope.paths[top] = top

    def _import_from(self, statement: _ast.ImportFrom, scope: Scope) -> None:
        if statement.level or not statement.module:
            return
        self._touch(statement.module, statement.lineno)
        for alias in statement.names:
            path = f"{statement.module}.{alias.name}"
            self._touch(path, statement.lineno)
            self._bound(path)
            scope.paths[alias.asname or alias.name] = path

    def _assign(self, statement: _ast.Assign, scope: Scope) -> None:
        path = self._path(statement.value, scope)
        for target in statement.targets:
            self._bind(target, path, statement.value, scope)

    def _assign_annotated(self, statement: _ast.AnnAssign, scope: Scope) -> None:
        path = self._path(statement.value, scope) if statement.value else ""
        self._bind(statement.target, path or self._instance(statement.annotation, scope), statement.value, scope)

    def _augment(self, statement: _ast.AugAssign, scope: Scope) -> None:
        self._path(statement.value, scope)
        name = dotted(statement.target)
        if name:
            (self._module if name.startswith("self.") else scope).literals.bind(name, None)
        else:
            self._path(statement.target, scope)

    def _instance(self, annotation: _ast.expr | None, scope: Scope) -> str:
        """Return the path of what an annotation allows, None aside."""
        if annotation is None:
            return ""
        kind = self._path(annotation, scope)
        if kind == "typing.Optional[]" and isinstance(annotation, _ast.Subscript):
            kind = self._path(annotation.slice, scope)
        return f"{kind}()" if kind else ""

    def _bound(self, path: str) -> None:
        """Note what a name is bound to where there is another way: what it is elsewhere is one of the two, too."""
        if self._is_guarded and not path.endswith((")", "]")):
            self._assigned.add(path)

    def _bind(self, target: _ast.expr, path: str, value: _ast.expr | None, scope: Scope) -> None:
        if isinstance(target, _ast.Tuple | _ast.List):
            for element in target.elts:
                self._bind(element, self._item(path), None, scope)
            return
        if isinstance(target, _ast.Subscript):
            key = self._string_item(target.value, scope)
            if key:
                self._touch(f"{key}[]=", target.lineno)
        name = dotted(target)
        if not name:
            self._path(target, scope)
            return
        holder = self._module if name.startswith("self.") else scope
        if isinstance(target, _ast.Attribute) and not name.startswith("self."):
            base = self._path(target.value, scope)
            if base:
                self._assigned.add(f"{base}.{target.attr}".replace("()", ""))
        self._bound(path)
        holder.paths[name] = path
        holder.literals.bind(name, value)

    def _with(self, statement: _ast.With | _ast.AsyncWith, scope: Scope) -> None:
        before = self._is_guarded
        for item in statement.items:
            path = self._path(item.context_expr, scope)
            self._is_guarded = self._is_guarded or suppresses(item.context_expr)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, path, None, scope)
        self._block(statement.body, scope)
        self._is_guarded = before

    def _for(self, statement: _ast.For | _ast.AsyncFor, scope: Scope) -> None:
        path = self._path(statement.iter, scope)
        self._bind(statement.target, self._item(path), None, scope)
        self._block(statement.body, scope)
        self._block(statement.orelse, scope)

    def _function(self, statement: _ast.FunctionDef | _ast.AsyncFunctionDef, scope: Scope) -> None:
        decorators = [self._path(decorator, scope) for decorator in statement.decorator_list]
        if any(path.startswith(CELL) for path in decorators):
            self._cells.append((statement.body, self._module, self._is_guarded))
            return
        inner = Scope(scope)
        given = statement.args
        for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs):
            inner.paths[argument.arg] = self._instance(argument.annotation, scope)
            inner.literals.bind(argument.arg, None)
        for rest in (given.vararg, given.kwarg):
            if rest is not None:
                inner.paths[rest.arg] = ""
                inner.literals.bind(rest.arg, None)
        for default in (*given.defaults, *(each for each in given.kw_defaults if each)):
            self._path(default, scope)
        if statement.returns is not None:
            kind = self._path(statement.returns, scope)
            scope.paths[statement.name] = f"->{kind}" if kind else ""
        else:
            scope.paths[statement.name] = ""
        self._waiting.append((statement.body, inner, self._is_guarded))

    def _class(self, statement: _ast.ClassDef, scope: Scope) -> None:
        for keyword in statement.keywords:
            self._path(keyword.value, scope)
        for node in (*statement.bases, *statement.decorator_list):
            self._path(node, scope)
        scope.paths[statement.name] = ""
        self._block(statement.body, Scope(scope))

    def _named(self, node: _ast.NamedExpr, scope: Scope) -> str:
        path = self._path(node.value, scope)
        self._bind(node.target, path, node.value, scope)
        return path

    def _lambda(self, node: _ast.Lambda, scope: Scope) -> str:
        inner = Scope(scope)
        for argument in node.args.args:
            inner.paths[argument.arg] = ""
            inner.literals.bind(argument.arg, None)
        self._path(node.body, inner)
        return ""

    def _comprehension(self, node: _ast.ListComp, scope: Scope) -> str:
        inner = Scope(scope)
        for generator in node.generators:
            path = self._path(generator.iter, inner)
            self._bind(generator.target, self._item(path), None, inner)
            for test in generator.ifs:
                self._path(test, inner)
        for field in ("elt", "key", "value"):
            part = getattr(node, field, None)
            if part is not None:
                self._path(part, inner)
        return ""

    def _binding(self, node: Any, scope: Scope) -> str:
        handler = _BINDING[type(node)]
        return handler(self, node, scope)


_STATEMENTS: Mapping[type, Callable[[_Reader, Any, Scope], None]] = {
    _ast.Import: _Reader._import,
    _ast.ImportFrom: _Reader._import_from,
    _ast.Assign: _Reader._assign,
    _ast.AnnAssign: _Reader._assign_annotated,
    _ast.AugAssign: _Reader._augment,
    _ast.If: _Reader._if,
    _ast.Try: _Reader._try,
    _ast.With: _Reader._with,
    _ast.AsyncWith: _Reader._with,
    _ast.For: _Reader._for,
    _ast.AsyncFor: _Reader._for,
    _ast.FunctionDef: _Reader._function,
    _ast.AsyncFunctionDef: _Reader._function,
    _ast.ClassDef: _Reader._class,
}
_BINDING: Mapping[type, Callable[[_Reader, Any, Scope], str]] = {
    _ast.NamedExpr: _Reader._named,
    _ast.Lambda: _Reader._lambda,
    _ast.ListComp: _Reader._comprehension,
    _ast.SetComp: _Reader._comprehension,
    _ast.GeneratorExp: _Reader._comprehension,
    _ast.DictComp: _Reader._comprehension,
}
