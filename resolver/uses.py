"""Syntax tree -> `Use`s: what a script touches and calls of the modules that it imports, followed by name.

A path spells how a value was come by: `pandas.read_csv` is a function, `pandas.DataFrame()` an instance,
`pandas.DataFrame()[]` an item of one, `pandas.DataFrame()[:]` a part (a slice, a list of keys, a mask). Names are
followed through imports and their aliases, assignments, `with`, `for`, annotated parameters and attributes of `self`,
in the order in which they are written; a function's body is read after the code around it. What calls return is
looked up in a table, since that is what libraries document.

Beside that, `name["key"].method()` is a use of `PATH[str].method` and `name["key"][...] = value` one of
`PATH[str][]=`: whether the holder of the item changes is another question than what the item is.
"""

from __future__ import annotations

import _ast

from .conditions import dotted
from .literals import Literals
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    Returns = Sequence[tuple[str, str]]

TEXT = "str"
"""Path of the uses that stand for string constants anywhere in the script."""

LONGEST_PATH = 300
READINGS = 3
CELL = "marimo.App().cell"
"""Decorator of functions that share their names, whose parameters are names that others bind: a notebook's cells."""

CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "TypeError"})
"""What a library raises for what it does not have: to catch one of these is to have another way."""

TESTS = frozenset({"hasattr", "getattr", "version_info", "__version__", "find_spec", "python_version", "PY2", "PY3"})
"""Names in a condition that asks which release is there."""


class Use(Value):
    """One touch of a path, or one call of it: then `arguments` maps positions and keywords to their text.

    A guarded use stands where the script has another way: by `except`, a test of versions or attributes, or its own
    value for what the library lacks.
    """

    path: str
    line: int
    is_call: bool = False
    arguments: tuple[tuple[str, str], ...] = ()
    is_guarded: bool = False

    def argument(self, names: Iterable[str]) -> str | None:
        """Return the text of the first of several arguments that is there, or None."""
        given = dict(self.arguments)
        return next((given[name] for name in names if name in given), None)


def uses_in(tree: _ast.Module, returns: Returns) -> tuple[Use, ...]:
    """Return the uses in a tree, in no particular order; () where it is nested too deeply to follow."""
    reader = _Reader(returns)
    try:
        reader.read(tree)
    except RecursionError:
        return ()
    return reader.gathered()


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern in which `*` stands for anything."""
    head, *parts = pattern.split("*")
    if not parts:
        return pattern == text
    if not text.startswith(head):
        return False
    position = len(head)
    for part in parts[:-1]:
        position = text.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return len(text) - position >= len(parts[-1]) and text.endswith(parts[-1])


class _Scope:
    """Names and their paths in a function or module; what is not found here is looked for around it."""

    def __init__(self, around: _Scope | None = None) -> None:
        self.around = around
        self.paths: dict[str, str] = {}
        self.literals: Literals = Literals(around.literals if around else None)

    def path(self, name: str) -> str:
        """Return the path bound to a name, or ""."""
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.paths:
                return scope.paths[name]
            scope = scope.around
        return ""


class _Reader:
    """Walks a tree once and gathers uses."""

    def __init__(self, returns: Returns) -> None:
        self.uses: list[Use] = []
        self._returns: dict[str, list[tuple[str, str]]] = {}
        for pattern, kind in returns:
            self._returns.setdefault(pattern.partition(".")[0], []).append((pattern, kind))
        self._known: dict[str, str] = {}
        self._cells: list[tuple[Sequence[_ast.stmt], _Scope, bool]] = []
        self._assigned: set[str] = set()
        self._is_guarded = False
        self._module = _Scope()
        self._waiting: list[tuple[Sequence[_ast.stmt], _Scope, bool]] = []

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
            body, scope, self._is_guarded = self._waiting.pop(0)
            self._block(body, scope)

    def gathered(self) -> tuple[Use, ...]:
        """Return what was gathered; a use of what the script itself assigned is guarded."""
        if not self._assigned:
            return tuple(self.uses)
        return tuple(use.replace(is_guarded=True) if self._is_assigned(use.path) else use for use in self.uses)

    def _is_assigned(self, path: str) -> bool:
        """Whether a path is one that the script assigned to, or leads through one; instances count as their class."""
        parts = path.replace("()", "").split(".")
        return any(".".join(parts[:end]) in self._assigned for end in range(2, len(parts) + 1))

    def _block(self, body: Iterable[_ast.stmt], scope: _Scope) -> None:
        before = self._is_guarded
        for statement in body:
            handler = _STATEMENTS.get(type(statement))
            if handler is None:
                self._below(statement, scope)
            else:
                handler(self, statement, scope)
            self._is_guarded = self._is_guarded or _leaves_after_test(statement)
        self._is_guarded = before

    def _if(self, statement: _ast.If, scope: _Scope) -> None:
        """Read an `if` and each `elif` in turn: a long chain of them is nested deeply."""
        before = self._is_guarded
        rest: Sequence[_ast.stmt] = [statement]
        while len(rest) == 1 and isinstance(rest[0], _ast.If):
            clause = rest[0]
            self._is_guarded = self._is_guarded or _asks(clause.test)
            self._path(clause.test, scope)
            self._block(clause.body, scope)
            rest = clause.orelse
        self._block(rest, scope)
        self._is_guarded = before

    def _try(self, statement: _ast.Try, scope: _Scope) -> None:
        before = self._is_guarded
        self._is_guarded = before or any(_is_another_way(handler) for handler in statement.handlers)
        self._below(statement, scope)
        self._is_guarded = before

    def _below(self, node: _ast.AST, scope: _Scope) -> None:
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

    def _import(self, statement: _ast.Import, scope: _Scope) -> None:
        for alias in statement.names:
            self._touch(alias.name, statement.lineno)
            if alias.asname:
                scope.paths[alias.asname] = alias.name
            else:
                top = alias.name.partition(".")[0]
                scope.paths[top] = top

    def _import_from(self, statement: _ast.ImportFrom, scope: _Scope) -> None:
        if statement.level or not statement.module:
            return
        self._touch(statement.module, statement.lineno)
        for alias in statement.names:
            path = f"{statement.module}.{alias.name}"
            self._touch(path, statement.lineno)
            scope.paths[alias.asname or alias.name] = path

    def _assign(self, statement: _ast.Assign, scope: _Scope) -> None:
        path = self._path(statement.value, scope)
        for target in statement.targets:
            self._bind(target, path, statement.value, scope)

    def _assign_annotated(self, statement: _ast.AnnAssign, scope: _Scope) -> None:
        path = self._path(statement.value, scope) if statement.value else ""
        self._bind(statement.target, path or self._instance(statement.annotation, scope), statement.value, scope)

    def _augment(self, statement: _ast.AugAssign, scope: _Scope) -> None:
        self._path(statement.value, scope)
        name = dotted(statement.target)
        if name:
            (self._module if name.startswith("self.") else scope).literals.bind(name, None)
        else:
            self._path(statement.target, scope)

    def _instance(self, annotation: _ast.expr | None, scope: _Scope) -> str:
        """Return the path of what an annotation allows, None aside."""
        if annotation is None:
            return ""
        kind = self._path(annotation, scope)
        if kind == "typing.Optional[]" and isinstance(annotation, _ast.Subscript):
            kind = self._path(annotation.slice, scope)
        return f"{kind}()" if kind else ""

    def _bind(self, target: _ast.expr, path: str, value: _ast.expr | None, scope: _Scope) -> None:
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
        holder.paths[name] = path
        holder.literals.bind(name, value)

    def _with(self, statement: _ast.With | _ast.AsyncWith, scope: _Scope) -> None:
        before = self._is_guarded
        for item in statement.items:
            path = self._path(item.context_expr, scope)
            self._is_guarded = self._is_guarded or _suppresses(item.context_expr)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, path, None, scope)
        self._block(statement.body, scope)
        self._is_guarded = before

    def _for(self, statement: _ast.For | _ast.AsyncFor, scope: _Scope) -> None:
        path = self._path(statement.iter, scope)
        self._bind(statement.target, self._item(path), None, scope)
        self._block(statement.body, scope)
        self._block(statement.orelse, scope)

    def _function(self, statement: _ast.FunctionDef | _ast.AsyncFunctionDef, scope: _Scope) -> None:
        decorators = [self._path(decorator, scope) for decorator in statement.decorator_list]
        if any(path.startswith(CELL) for path in decorators):
            self._cells.append((statement.body, self._module, self._is_guarded))
            return
        inner = _Scope(scope)
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

    def _class(self, statement: _ast.ClassDef, scope: _Scope) -> None:
        for keyword in statement.keywords:
            self._path(keyword.value, scope)
        for node in (*statement.bases, *statement.decorator_list):
            self._path(node, scope)
        scope.paths[statement.name] = ""
        self._block(statement.body, _Scope(scope))

    def _path(self, node: _ast.expr, scope: _Scope) -> str:
        """Return the path of an expression, or "", and gather the uses in it."""
        handler = _EXPRESSIONS.get(type(node))
        if handler is None:
            self._below(node, scope)
            return ""
        path = handler(self, node, scope)
        return path if len(path) <= LONGEST_PATH else ""

    def _name(self, node: _ast.Name, scope: _Scope) -> str:
        return scope.path(node.id)

    def _constant(self, node: _ast.Constant, _scope: _Scope) -> str:
        if isinstance(node.value, str) and len(node.value) <= LONGEST_PATH:
            self.uses.append(Use(TEXT, node.lineno, True, (("0", node.value),), self._is_guarded))
        return ""

    def _formatted(self, node: _ast.JoinedStr, scope: _Scope) -> str:
        self.uses.append(Use(TEXT, node.lineno, True, (("0", scope.literals.text(node)),)))
        for part in node.values:
            if not isinstance(part, _ast.Constant):
                self._below(part, scope)
        return ""

    def _attribute(self, node: _ast.Attribute, scope: _Scope) -> str:
        own = scope.path(dotted(node)) if isinstance(node.value, _ast.Name) and node.value.id == "self" else ""
        if own:
            return own
        base = self._path(node.value, scope)
        if not base:
            return ""
        path = f"{base}.{node.attr}"
        self._touch(path, node.lineno)
        return path

    def _call(self, node: _ast.Call, scope: _Scope) -> str:
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
        return self._returned(f"{path}()")

    def _string_item(self, node: _ast.expr, scope: _Scope) -> str:
        """Return `PATH[str]` for an expression like `name["key"]`, else ""."""
        if not (isinstance(node, _ast.Subscript) and isinstance(node.value, _ast.Name)):
            return ""
        path = scope.path(node.value.id)
        is_text = isinstance(node.slice, _ast.Constant) and isinstance(node.slice.value, str)
        return f"{path}[str]" if path and is_text else ""

    def _arguments(self, node: _ast.Call, scope: _Scope) -> Iterable[tuple[str, str]]:
        for index, argument in enumerate(node.args):
            if isinstance(argument, _ast.Starred):
                return
            yield str(index), scope.literals.text(argument)
        for keyword in node.keywords:
            if keyword.arg:
                yield keyword.arg, scope.literals.text(keyword.value)

    def _returned(self, path: str) -> str:
        """Return what a call gives, as far as the table knows; else the path of the call itself."""
        if path not in self._known:
            rows = self._returns.get(path.partition(".")[0], ())
            found = (kind for pattern, kind in rows if matches(pattern, path))
            self._known[path] = next(found, path)
        return self._known[path]

    def _subscript(self, node: _ast.Subscript, scope: _Scope) -> str:
        base = self._path(node.value, scope)
        self._path(node.slice, scope)
        return self._returned(f"{base}[:]") if base and _is_part(node.slice) else self._item(base)

    def _item(self, path: str) -> str:
        return self._returned(f"{path}[]") if path else ""

    def _either(self, node: _ast.BinOp | _ast.IfExp | _ast.BoolOp, scope: _Scope) -> str:
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
        self._is_guarded = before or (not isinstance(node, _ast.BinOp) and _asks(node))
        paths = [self._path(part, scope) for part in parts]
        self._is_guarded = before
        return next((path for path in paths if path), "")

    def _awaited(self, node: _ast.Await, scope: _Scope) -> str:
        return self._path(node.value, scope)

    def _named(self, node: _ast.NamedExpr, scope: _Scope) -> str:
        path = self._path(node.value, scope)
        self._bind(node.target, path, node.value, scope)
        return path

    def _lambda(self, node: _ast.Lambda, scope: _Scope) -> str:
        inner = _Scope(scope)
        for argument in node.args.args:
            inner.paths[argument.arg] = ""
            inner.literals.bind(argument.arg, None)
        self._path(node.body, inner)
        return ""

    def _comprehension(self, node: _ast.ListComp, scope: _Scope) -> str:
        inner = _Scope(scope)
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

    def _touch(self, path: str, line: int) -> None:
        self.uses.append(Use(path, line, is_guarded=self._is_guarded))


def _asks(node: _ast.expr) -> bool:
    """Whether an expression asks which release is there: the names and attributes in it say so."""
    rest: list[_ast.AST] = [node]
    while rest:
        each = rest.pop()
        if getattr(each, "id", getattr(each, "attr", "")) in TESTS:
            return True
        for field in each._fields:
            value = getattr(each, field, None)
            rest.extend(part for part in (value if isinstance(value, list) else [value]) if isinstance(part, _ast.AST))
    return False


def _leaves_after_test(statement: _ast.stmt) -> bool:
    """Whether what follows a statement only runs where its test of a release failed."""
    if not (isinstance(statement, _ast.If) and _asks(statement.test)):
        return False
    return isinstance(statement.body[-1], _ast.Return | _ast.Raise | _ast.Continue)


def _is_another_way(handler: _ast.ExceptHandler) -> bool:
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


def _suppresses(node: _ast.expr) -> bool:
    """Whether an expression is `suppress(...)` of what a library raises for what it lacks."""
    if not (isinstance(node, _ast.Call) and dotted(node.func).rpartition(".")[2] == "suppress"):
        return False
    return any(dotted(kind) in CAUGHT for kind in node.args)


def _is_part(key: _ast.expr) -> bool:
    """Whether a key picks several elements: a slice, a list, a test on each, or tests joined by `&`, `|`, `~`."""
    if isinstance(key, _ast.BinOp | _ast.UnaryOp):
        return isinstance(key.op, _ast.BitAnd | _ast.BitOr | _ast.Invert)
    return isinstance(key, _ast.Slice | _ast.List | _ast.ListComp | _ast.Compare)


_STATEMENTS: Mapping[type, Callable[[_Reader, Any, _Scope], None]] = {
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
_EXPRESSIONS: Mapping[type, Callable[[_Reader, Any, _Scope], str]] = {
    _ast.Name: _Reader._name,
    _ast.Constant: _Reader._constant,
    _ast.JoinedStr: _Reader._formatted,
    _ast.Attribute: _Reader._attribute,
    _ast.Call: _Reader._call,
    _ast.Subscript: _Reader._subscript,
    _ast.BinOp: _Reader._either,
    _ast.IfExp: _Reader._either,
    _ast.BoolOp: _Reader._either,
    _ast.Await: _Reader._awaited,
    _ast.NamedExpr: _Reader._named,
    _ast.Lambda: _Reader._lambda,
    _ast.ListComp: _Reader._comprehension,
    _ast.SetComp: _Reader._comprehension,
    _ast.GeneratorExp: _Reader._comprehension,
    _ast.DictComp: _Reader._comprehension,
}
