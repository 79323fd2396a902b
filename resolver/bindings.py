"""Syntax tree -> what each name is bound to, namespace by namespace: values, imports, functions, loops."""

from __future__ import annotations

import _ast
from bisect import bisect_right

from .attempts import catches_imports
from .conditions import dotted
from .lines import lines_with, own_lines
from .value import Value
from .walking import children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias

    Binding: TypeAlias = "_ast.expr | _ast.FunctionDef | _ast.AsyncFunctionDef | _ast.Lambda | str | Each | None"

FUNCTIONS = (_ast.FunctionDef, _ast.AsyncFunctionDef, _ast.Lambda)
LOOPS = (_ast.For, _ast.AsyncFor)
COMPREHENSIONS = (_ast.ListComp, _ast.SetComp, _ast.DictComp, _ast.GeneratorExp)
LONGEST_CHAIN = 20
"""Names that lead to one another; what takes more is not followed."""


class Each(Value):
    """What a loop binds: one element of `iterable` after another, or what stands at `position` in each of them."""

    iterable: _ast.expr
    position: int | None = None


class Namespace:
    """The names of a module, function, class, comprehension, or of a loop, which has only its own variables."""

    __slots__ = ("around", "bound", "fallbacks", "holder", "is_class")

    def __init__(self, around: Namespace | None = None, *, is_loop: bool = False, is_class: bool = False) -> None:
        self.around = around
        self.bound: dict[str, list[Binding]] = {}
        self.fallbacks: dict[str, bool] = {}
        self.holder: Namespace = around.holder if is_loop and around else self
        self.is_class = is_class

    def bind(self, name: str, value: Binding) -> None:
        """Note one more thing that a name is bound to."""
        self.bound.setdefault(name, []).append(value)

    def home(self, name: str) -> Namespace | None:
        """Return the nearest namespace that binds a name; a loop's own, where nothing but loops bind it."""
        names: Namespace | None = self
        while names is not None:
            if name in names.bound:
                is_only_looped = all(isinstance(each, Each) for each in names.holder.bound[name])
                return names if is_only_looped else names.holder
            names = names.around
        return None

    def look_up(self, name: str) -> Sequence[Binding]:
        """Return everything that a name may be bound to here, () where nothing binds it."""
        home = self.home(name)
        return home.bound[name] if home else ()


class _Function:
    """A function whose body is read as soon as something in it is asked for."""

    __slots__ = ("first", "inner", "last", "names", "node")

    def __init__(self, node: _ast.FunctionDef | _ast.AsyncFunctionDef, names: Namespace) -> None:
        self.first = min((each.lineno for each in node.decorator_list), default=node.lineno)
        self.last = node.end_lineno or node.lineno
        self.node = node
        self.names = names
        self.inner: list[_Function] | None = None


class Bindings:
    """The namespaces of a tree, by the statements and expressions that stand in them.

    Functions are read when they are asked about, by their lines in `text`; without a text, all are read at once.
    """

    def __init__(self, tree: _ast.Module, text: str = "") -> None:
        self._tree = tree
        self.module = Namespace()
        self._at: dict[int, Namespace] = {}
        self._inward = lines_with(_INWARD, text)
        self._functions = self._read(tree, self.module)
        # What binds names outside of its own function is known from the beginning.
        outward = lines_with(_OUTWARD, text).numbers
        if outward is None:
            self._read_all()
        for line in outward or ():
            self._read_at(line)

    def at(self, node: _ast.stmt | _ast.expr) -> Namespace:
        """Return the namespace in which a statement stands, or which a comprehension or lambda opens."""
        if id(node) not in self._at:
            self._read_at(node.lineno)
        return self._at.get(id(node), self.module)

    def _read(self, top: _ast.AST, names: Namespace) -> list[_Function]:
        """Note what is below a node, down to the functions in it, and return those in their order."""
        functions: list[_Function] = []
        waiting = [(child, names) for child in children(top)]
        while waiting:
            node, names = waiting.pop()
            inner = self._inside(node, names) if type(node) in _BINDING else names
            # What is not noted stands in the module's namespace.
            if isinstance(node, LOOPS + COMPREHENSIONS + FUNCTIONS[2:]):
                self._at[id(node)] = inner
            elif names is not self.module and isinstance(node, _ast.stmt):
                self._at[id(node)] = names
            if isinstance(node, FUNCTIONS[:2]):
                functions.append(_Function(node, inner))
            else:
                waiting.extend([(child, inner) for child in self._below(node) if type(child) not in _LEAVES])
        functions.sort(key=lambda each: each.first)
        return functions

    def _below(self, node: _ast.AST) -> list[_ast.AST]:
        """Return what is below a node and may bind names; of most statements, that is no expression."""
        if not isinstance(node, _ast.stmt) or self._inward.touch(*own_lines(node)):
            return children(node)
        return [each for part in _PARTS for each in getattr(node, part, ())]

    def _read_at(self, line: int) -> None:
        """Read the functions around a line; no two of them that do not hold each other share one."""
        functions = self._functions
        while functions:
            at = bisect_right(functions, line, key=lambda each: each.first) - 1
            if at < 0 or functions[at].last < line:
                return
            functions = self._opened(functions[at])

    def _read_all(self) -> None:
        waiting = [*self._functions]
        while waiting:
            waiting.extend(self._opened(waiting.pop()))

    def _opened(self, function: _Function) -> list[_Function]:
        if function.inner is None:
            function.inner = self._read(function.node, function.names)
        return function.inner

    def paths(self, node: _ast.expr, names: Namespace) -> list[str]:
        """Return the dotted paths that a name or attribute may stand for, imports and aliases followed."""
        spelled = dotted(node)
        for _ in range(LONGEST_CHAIN):
            root, dot, rest = spelled.partition(".")
            bound = names.look_up(root)
            imported = [f"{each}{dot}{rest}" for each in bound if isinstance(each, str)]
            if imported or len(bound) != 1 or not isinstance(bound[0], _ast.Name | _ast.Attribute):
                return [*imported, spelled]
            home = names.home(root)
            target = dotted(bound[0])
            if home is None or not target or target.partition(".")[0] == root:
                return [f"{target}{dot}{rest}" if target else spelled]
            spelled, names = f"{target}{dot}{rest}", home
        return [spelled]

    def _inside(self, node: _ast.AST, names: Namespace) -> Namespace:
        """Note what a node binds, and return the namespace of what is below it."""
        if isinstance(node, FUNCTIONS):
            return _function(node, names)
        if isinstance(node, _ast.ClassDef):
            names.holder.bind(node.name, None)
            return Namespace(names, is_class=True)
        if isinstance(node, LOOPS):
            return _loop(node.target, node.iter, names)
        if isinstance(node, COMPREHENSIONS):
            return _comprehension(node.generators, names)
        for name, value in _bound_by(node):
            names.holder.bind(name, value)
        if isinstance(node, _ast.Global | _ast.Nonlocal):
            for name in node.names:
                self.module.bind(name, None)
        elif isinstance(node, _ast.ExceptHandler):
            names.holder.fallbacks.update(_fallbacks(node))
        return names


_OUTWARD = tuple(f"{word}{end}" for word in ("global", "nonlocal") for end in (" ", "\t", "\\"))
"""How a statement begins that binds names of other namespaces."""

_INWARD = ("lambda", ":=", *(f"for{end}" for end in " (\t\r\n\\"))
"""What stands in expressions that bind names, or that have namespaces of their own."""
_PARTS = ("items", "body", "orelse", "handlers", "finalbody", "cases")
"""Fields of statements that bind names, or hold what does."""

_LEAVES = frozenset((_ast.Name, _ast.Constant, _ast.alias, _ast.Pass, _ast.Break, _ast.Continue))
_BINDING = frozenset(
    (
        *FUNCTIONS, *LOOPS, *COMPREHENSIONS, _ast.ClassDef, _ast.Assign, _ast.AnnAssign, _ast.AugAssign,
        _ast.NamedExpr, _ast.Import, _ast.ImportFrom, _ast.withitem, _ast.Delete, _ast.Global, _ast.Nonlocal,
        _ast.ExceptHandler, _ast.MatchAs, _ast.MatchStar, _ast.MatchMapping,
    )
)  # fmt: skip


def _function(node: _ast.FunctionDef | _ast.AsyncFunctionDef | _ast.Lambda, names: Namespace) -> Namespace:
    if not isinstance(node, _ast.Lambda):
        names.holder.bind(node.name, node)
    inner = Namespace(names.around if names.is_class else names)
    given = node.args
    for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
        if argument is not None:
            inner.bind(argument.arg, None)
    return inner


def _loop(target: _ast.expr, iterable: _ast.expr, names: Namespace) -> Namespace:
    inner = Namespace(names, is_loop=True)
    for name, each in _elements(target, iterable):
        names.holder.bind(name, each)
        inner.bind(name, each)
    return inner


def _comprehension(generators: Iterable[_ast.comprehension], names: Namespace) -> Namespace:
    inner = Namespace(names)
    for generator in generators:
        for name, each in _elements(generator.target, generator.iter):
            inner.bind(name, each)
    return inner


def _elements(target: _ast.expr, iterable: _ast.expr) -> Iterator[tuple[str, Each]]:
    if isinstance(target, _ast.Name):
        yield target.id, Each(iterable)
    elif isinstance(target, _ast.Tuple | _ast.List):
        for position, element in enumerate(target.elts):
            if isinstance(element, _ast.Name):
                yield element.id, Each(iterable, position)


def _bound_by(node: _ast.AST) -> Iterable[tuple[str, Binding]]:
    """Yield what a statement or expression binds in its own namespace; loops, functions and classes aside."""
    if isinstance(node, _ast.Assign):
        return [pair for target in node.targets for pair in _assigned(target, node.value)]
    if isinstance(node, _ast.AnnAssign | _ast.NamedExpr):
        return _assigned(node.target, node.value)
    if isinstance(node, _ast.Import):
        return [(each.asname or each.name.partition(".")[0], _imported(each)) for each in node.names]
    if isinstance(node, _ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        return [(each.asname or each.name, f"{module}.{each.name}") for each in node.names]
    return [(name, None) for name in _names_bound(node)]


def _imported(alias: _ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]


def _assigned(target: _ast.expr, value: _ast.expr | None) -> Iterator[tuple[str, Binding]]:
    if isinstance(target, _ast.Name):
        yield target.id, value
    elif isinstance(target, _ast.Tuple | _ast.List):
        given = value.elts if isinstance(value, _ast.Tuple | _ast.List) else []
        is_paired = len(given) == len(target.elts) and not any(isinstance(each, _ast.Starred) for each in given)
        for index, element in enumerate(target.elts):
            inner = element.value if isinstance(element, _ast.Starred) else element
            if isinstance(inner, _ast.Name):
                yield inner.id, given[index] if is_paired and inner is element else None


def _names_bound(node: _ast.AST) -> Iterator[str]:
    if isinstance(node, _ast.AugAssign) and isinstance(node.target, _ast.Name):
        yield node.target.id
    elif isinstance(node, _ast.withitem) and node.optional_vars is not None:
        yield from (name for name, _ in _assigned(node.optional_vars, None))
    elif isinstance(node, _ast.Delete):
        yield from (each.id for each in node.targets if isinstance(each, _ast.Name))
    elif isinstance(node, _ast.Global | _ast.Nonlocal):
        yield from node.names
    elif isinstance(node, _ast.ExceptHandler | _ast.MatchAs | _ast.MatchStar):
        yield from (name for name in (node.name,) if name)
    elif isinstance(node, _ast.MatchMapping) and node.rest:
        yield node.rest


def _fallbacks(handler: _ast.ExceptHandler) -> Iterator[tuple[str, bool]]:
    """Yield the names that a handler of ImportError sets to a constant, and whether that one counts as true."""
    if not catches_imports(handler):
        return
    for statement in handler.body:
        if isinstance(statement, _ast.Assign) and isinstance(statement.value, _ast.Constant):
            for target in statement.targets:
                if isinstance(target, _ast.Name):
                    yield target.id, bool(statement.value.value)
