"""Statement -> the imports that it makes by calls: `import_module("x")`, `__import__`, `importorskip`, `exec`."""

from __future__ import annotations

import _ast

from .bindings import COMPREHENSIONS
from .circumstances import imports_in
from .constants import Constants
from .imports import parse
from .statements import Import, Place
from .walking import children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .availability import Availability
    from .bindings import Bindings, Namespace
    from .target import Target

    _Step = tuple[_ast.AST, Namespace, Place]

IMPORTING_CALLS = {"import_module": ("dynamic",), "__import__": ("dynamic",), "importorskip": ("dynamic", "optional")}
"""Last part of the called name -> the circumstances that it puts the import in."""

RUNNING_CALLS = frozenset({"exec", "eval", "builtins.exec", "builtins.eval", "__builtins__.exec", "__builtins__.eval"})
DEEPEST_CODE = 3
"""Programs in strings inside of programs in strings that are read."""

MOST_MODULES = 500
LINES_APART = 10_000_000
"""Keeps the lines of a `try` in a string apart from those of the file, and behind them."""


class DynamicImports:
    """Finds the importing calls of one tree, in the circumstances of the statements in which they stand."""

    def __init__(self, bindings: Bindings, availability: Availability, target: Target, depth: int = 0) -> None:
        self._bindings = bindings
        self._availability = availability
        self._constants = Constants(bindings)
        self._target = target
        self._depth = depth

    def of(self, statement: _ast.stmt, place: Place) -> Iterator[Import]:
        """Yield the imports that a statement makes itself; the statements below it are asked for themselves."""
        waiting: list[_Step] = [(node, self._bindings.at(statement), place) for node in _own(statement)]
        while waiting:
            node, names, place = waiting.pop()
            if isinstance(node, _ast.Call):
                yield from self._called(node, names, place)
            waiting.extend(self._below(node, names, place))

    def _below(self, node: _ast.AST, names: Namespace, place: Place) -> Iterator[_Step]:
        """Yield what is below an expression, with what it says of the circumstances."""
        if isinstance(node, _ast.IfExp):
            yield from self._chosen(node, names, place)
            return
        if isinstance(node, _ast.BoolOp) and isinstance(node.op, _ast.And):
            yield from self._in_turn(node, names, place)
            return
        if isinstance(node, _ast.Lambda):
            place = place.under("lazy")
        if isinstance(node, (*COMPREHENSIONS, _ast.Lambda)):
            names = self._bindings.at(node)
        for child in children(node):
            yield child, names, place

    def _chosen(self, node: _ast.IfExp, names: Namespace, place: Place) -> Iterator[_Step]:
        is_there = self._availability.of(node.test, names)
        yield node.test, names, place
        yield node.body, names, place.under("optional" if is_there else "")
        yield node.orelse, names, place.under("optional" if is_there is False else "")

    def _in_turn(self, node: _ast.BoolOp, names: Namespace, place: Place) -> Iterator[_Step]:
        for part in node.values:
            yield part, names, place
            place = place.under("optional" if self._availability.of(part, names) else "")

    def _called(self, call: _ast.Call, names: Namespace, place: Place) -> Iterable[Import]:
        for path in self._bindings.paths(call.func, names):
            root, _, last = path.rpartition(".")
            if last in IMPORTING_CALLS and root not in ("self", "cls"):
                return self._named(call, last, names, place)
            if path in RUNNING_CALLS and not names.look_up(path):
                return self._run(call, names, place)
        return ()

    def _named(self, call: _ast.Call, name: str, names: Namespace, place: Place) -> Iterator[Import]:
        module = _argument(call, 0, "name" if name != "importorskip" else "modname")
        if module is None:
            return
        for circumstance in IMPORTING_CALLS[name]:
            place = place.under(circumstance)
        members: tuple[str, ...] = ()
        base, level = "", 0
        if name == "__import__":
            listed = _argument(call, 3, "fromlist")
            elements = listed.elts if isinstance(listed, _ast.Tuple | _ast.List) else ()
            members = tuple(text for each in elements for text in self._constants.texts(each, names))
            level = _number(_argument(call, 4, "level"))
        elif name == "import_module":
            base, level = self._package(_argument(call, 1, "package"), names)
        for text in self._constants.texts(module, names)[:MOST_MODULES]:
            found = _absolute(text, base, level)
            if found and _is_module_name(found[0]):
                where = (call.lineno, call.col_offset, found[1])
                yield Import(found[0], members, *where, place.circumstances, place.choices)

    def _package(self, node: _ast.expr | None, names: Namespace) -> tuple[str, int]:
        """Return the package from which dots count, and 1 where it is the script's own."""
        if isinstance(node, _ast.Name) and node.id in ("__name__", "__package__"):
            return "", 1
        texts = self._constants.texts(node, names) if node is not None else []
        return (texts[0], 0) if len(texts) == 1 else ("", 0)

    def _run(self, call: _ast.Call, names: Namespace, place: Place) -> Iterator[Import]:
        """Yield the imports of a program that is handed over as text."""
        code = self._program(call, names)
        for text in self._constants.texts(code, names) if code is not None and self._depth < DEEPEST_CODE else ():
            if "import" not in text:
                continue
            try:
                inner = imports_in(parse(text.lstrip(" \t")), self._target, text, self._depth + 1)
            except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
                continue
            for each in inner:
                yield _placed(each, call, place.under("dynamic"))

    def _program(self, call: _ast.Call, names: Namespace) -> _ast.expr | None:
        """Return the text in `exec(text)`, `exec(compile(text, ...))` and `exec(dedent(text))`."""
        code = call.args[0] if call.args else None
        while isinstance(code, _ast.Call) and code.args:
            lasts = {path.rpartition(".")[2] for path in self._bindings.paths(code.func, names)}
            if lasts.isdisjoint(("compile", "dedent")):
                break
            code = code.args[0]
        return code


def _placed(found: Import, call: _ast.Call, place: Place) -> Import:
    """Return an import inside of a string as one of the call that runs it."""
    circumstances = tuple(dict.fromkeys((*place.circumstances, *found.circumstances)))
    apart = LINES_APART * (call.lineno + 1)
    inner = tuple((line + apart, branch) for line, branch in found.choices)
    return found.replace(
        line=call.lineno, column=call.col_offset, circumstances=circumstances, choices=(*place.choices, *inner)
    )


def _own(statement: _ast.stmt) -> Iterator[_ast.AST]:
    """Yield the expressions of a statement without those of the statements below it."""
    others = (_ast.stmt, _ast.excepthandler, _ast.match_case)
    return (each for each in children(statement) if not isinstance(each, others))


def _argument(call: _ast.Call, position: int, name: str) -> _ast.expr | None:
    if position < len(call.args):
        is_hidden = any(isinstance(each, _ast.Starred) for each in call.args[: position + 1])
        return None if is_hidden else call.args[position]
    return next((each.value for each in call.keywords if each.arg == name), None)


def _number(node: _ast.expr | None) -> int:
    value = node.value if isinstance(node, _ast.Constant) else 0
    return value if isinstance(value, int) and 0 < value < 100 else 0


def _absolute(text: str, base: str, level: int) -> tuple[str, int] | None:
    """Return a module name, and how many dots are before it, from what a call was given; None where it would fail.

    The rules are those of `importlib.util.resolve_name`.
    """
    name = text.lstrip(".")
    dots = len(text) - len(name)
    if not dots:
        return name, level if not base else 0
    if base:
        parts = base.split(".")
        return (".".join([*parts[: len(parts) - dots + 1], name]), 0) if dots <= len(parts) else None
    return (name, dots) if level else None


def _is_module_name(value: str) -> bool:
    return all(part.isidentifier() for part in value.split("."))
