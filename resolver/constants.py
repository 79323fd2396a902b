"""Expression -> the texts that it can stand for, where the source alone shows them all."""

from __future__ import annotations

import _ast

from .bindings import Each
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from .bindings import Binding, Bindings, Namespace

    Known: TypeAlias = "str | tuple[Known, ...] | Table | None"

MOST = 500
"""Values of one expression; what has more is not known."""

MOST_MADE = 5_000_000
"""Characters that are put together for one tree; small texts can stand for endless ones."""

DEEPEST = 40


class Table(Value):
    """A dictionary, as pairs of keys and values."""

    pairs: tuple[tuple[Known, Known], ...]


class Constants:
    """Evaluates expressions of constants; nothing is called, and what is not certain is unknown."""

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._left = MOST_MADE
        self._known: dict[tuple[int, str], Sequence[Known]] = {}
        self._unsure: dict[tuple[int, str], Sequence[Known]] = {}
        self._is_cut = False

    def texts(self, node: _ast.expr, names: Namespace) -> list[str]:
        """Return the texts that an expression can stand for, in order; [] where one of them is unknown."""
        self._unsure.clear()
        values = self._values(node, names, 0)
        return list(dict.fromkeys(each for each in values if isinstance(each, str)))

    def _values(self, node: _ast.expr | None, names: Namespace, depth: int) -> Sequence[Known]:
        if depth > DEEPEST or node is None:
            self._is_cut = self._is_cut or node is not None
            return ()
        if isinstance(node, _ast.Constant):
            return (node.value,) if isinstance(node.value, str) else ()
        if isinstance(node, _ast.Name):
            return self._of_name(node.id, names, depth)
        if isinstance(node, _ast.Tuple | _ast.List | _ast.Set):
            return (tuple(self._only(each, names, depth) for each in node.elts),)
        if isinstance(node, _ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            return (Table(tuple((self._only(k, names, depth), self._only(v, names, depth)) for k, v in pairs)),)
        if isinstance(node, _ast.JoinedStr):
            return self._joined([self._part(each, names, depth) for each in node.values])
        if isinstance(node, _ast.BinOp):
            return self._operated(node, names, depth)
        if isinstance(node, _ast.Call) and not node.keywords:
            return self._called(node, names, depth)
        return ()

    def _only(self, node: _ast.expr | None, names: Namespace, depth: int) -> Known:
        """Return the one value of an expression, None where there is none or more than one."""
        values = self._values(node, names, depth + 1)
        return values[0] if len(values) == 1 else None

    def _of_name(self, name: str, names: Namespace, depth: int) -> Sequence[Known]:
        """Return what a name stands for that is bound once; each name is read once, as far as it can be."""
        home = names.home(name)
        if home is None or len(home.bound[name]) != 1:
            return ()
        key = (id(home), name)
        if key in self._known or key in self._unsure:
            return self._known.get(key) or self._unsure.get(key, ())
        self._unsure[key] = ()
        before, self._is_cut = self._is_cut, False
        values = self._of_binding(home.bound[name][0], home, depth)
        (self._unsure if self._is_cut else self._known)[key] = values
        self._is_cut = self._is_cut or before
        return values

    def _of_binding(self, only: Binding, home: Namespace, depth: int) -> Sequence[Known]:
        if isinstance(only, Each):
            elements = self._elements(self._values(only.iterable, home, depth + 1))
            return elements if only.position is None else _at(elements, only.position)
        return self._values(only, home, depth + 1) if isinstance(only, _ast.expr) else ()

    def _elements(self, iterables: Iterable[Known]) -> Sequence[Known]:
        found: list[Known] = []
        for each in iterables:
            if isinstance(each, tuple) and len(each) > MOST:
                return ()
            found.extend([key for key, _ in each.pairs] if isinstance(each, Table) else [])
            found.extend(each if isinstance(each, tuple) else [])
        return found if len(found) <= MOST else ()

    def _part(self, node: _ast.expr, names: Namespace, depth: int) -> Sequence[Known]:
        if not isinstance(node, _ast.FormattedValue):
            return self._values(node, names, depth + 1)
        is_plain = node.conversion in (-1, ord("s")) and node.format_spec is None
        return self._values(node.value, names, depth + 1) if is_plain else ()

    def _joined(self, parts: Iterable[Sequence[Known]]) -> Sequence[str]:
        """Return every text that a choice from each of some parts makes."""
        made = [""]
        for part in parts:
            tails = [tail for tail in part if isinstance(tail, str)]
            self._left -= sum(map(len, made)) * len(tails) + sum(map(len, tails)) * len(made)
            if len(made) * len(tails) > MOST or self._left < 0:
                return ()
            made = [head + tail for head in made for tail in tails]
        return made

    def _operated(self, node: _ast.BinOp, names: Namespace, depth: int) -> Sequence[Known]:
        left, right = (self._values(each, names, depth + 1) for each in (node.left, node.right))
        if isinstance(node.op, _ast.Add):
            if len(left) == len(right) == 1 and isinstance(left[0], tuple) and isinstance(right[0], tuple):
                return (left[0] + right[0],) if len(left[0]) + len(right[0]) <= MOST else ()
            return self._joined((left, right))
        if isinstance(node.op, _ast.Mod):
            return [made for each in right for made in self._filled(left, "%s", each)]
        return ()

    def _filled(self, templates: Sequence[Known], mark: str, given: Known) -> Sequence[str]:
        """Put texts into the marks of a template; one with any other mark is unknown."""
        values = given if isinstance(given, tuple) else (given,)
        if len(templates) != 1 or not isinstance(templates[0], str):
            return ()
        pieces = templates[0].split(mark)
        if len(pieces) != len(values) + 1 or any(each in piece for piece in pieces for each in mark[:1]):
            return ()
        parts: list[Sequence[Known]] = [(pieces[0],)]
        for value, piece in zip(values, pieces[1:], strict=True):
            parts += [(value,), (piece,)]
        return self._joined(parts)

    def _called(self, node: _ast.Call, names: Namespace, depth: int) -> Sequence[Known]:
        """Follow the few methods and functions that make texts of texts, and lists of lists."""
        function = node.func
        if isinstance(function, _ast.Name):
            is_copy = function.id in ("tuple", "list", "set", "sorted", "iter", "frozenset") and len(node.args) == 1
            return self._values(node.args[0], names, depth + 1) if is_copy else ()
        if not isinstance(function, _ast.Attribute):
            return ()
        holders = self._values(function.value, names, depth + 1)
        if function.attr == "format":
            given = tuple(self._only(each, names, depth) for each in node.args)
            return self._filled(holders, "{}", given)
        if function.attr == "join" and len(node.args) == 1 and len(holders) == 1:
            return self._separated(holders[0], self._only(node.args[0], names, depth))
        if len(holders) == 1 and isinstance(holders[0], Table) and not node.args:
            return _view(holders[0], function.attr)
        return ()

    def _separated(self, separator: Known, texts: Known) -> Sequence[str]:
        if not isinstance(separator, str) or not isinstance(texts, tuple) or len(texts) > MOST:
            return ()
        parts: list[Sequence[Known]] = []
        for each in texts:
            parts += [(separator,), (each,)]
        return self._joined(parts[1:])


def _at(elements: Iterable[Known], position: int) -> Sequence[Known]:
    return [each[position] for each in elements if isinstance(each, tuple) and position < len(each)]


def _view(table: Table, method: str) -> Sequence[Known]:
    views: dict[str, tuple[Known, ...]] = {
        "items": table.pairs,
        "keys": tuple(key for key, _ in table.pairs),
        "values": tuple(value for _, value in table.pairs),
    }
    return (views[method],) if method in views else ()
