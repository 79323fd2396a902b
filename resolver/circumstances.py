"""Syntax tree -> its `Import`s, each with the circumstances in which it happens."""

from __future__ import annotations

import _ast

from .attempts import (
    CATCH_ALL,
    IMPORT_ERRORS,
    attempt,
    catches_imports,
    caught,
    ends_the_program,
    imports_instead,
    is_import,
)
from .conditions import dotted, evaluate, is_type_checking
from .lines import Lines, lines_with, own_lines
from .statements import Import, Place, imports_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .attempts import IsCall
    from .availability import Availability
    from .bindings import Bindings
    from .dynamic import DynamicImports
    from .target import Target

    _Block = tuple[Sequence[_ast.stmt], Place]


def imports_in(tree: _ast.Module, target: Target, text: str, depth: int = 0) -> tuple[Import, ...]:
    """Return every import statement of a tree, and the constant dynamic imports where `text` mentions one.

    `depth` counts the programs in strings around this one.
    """
    return _Walk(tree, target, text, depth).imports()


class _Walk:
    """Walks the statements of a tree; what only some texts need is made when they turn out to need it."""

    def __init__(self, tree: _ast.Module, target: Target, text: str, depth: int) -> None:
        self._tree = tree
        self._target = target
        self._text = text
        self._may_suppress = "suppress" in text
        self._may_ask = any(word in text for word in ASKING_WORDS)
        self._bindings: Bindings | None = None
        self._availability: Availability | None = None
        self._depth = depth
        self._calls: DynamicImports | None = None
        self._calling = _calling(text)
        self._may_call = self._calling.numbers != []
        self._importing = lines_with(("import",), text) | self._calling

    def imports(self) -> tuple[Import, ...]:
        """Return the imports, in the order in which they stand."""
        found: list[Import] = []
        waiting: list[_Block] = [(self._tree.body, Place())]
        while waiting:
            block, place = waiting.pop()
            for statement in block:
                kind = type(statement)
                if kind is _ast.Import or kind is _ast.ImportFrom:
                    found.extend(imports_of(statement, place))
                    continue
                if kind in _BLOCKS and self._importing.touch(statement.lineno, statement.end_lineno):
                    waiting.extend(self._inside(statement, place))
                if self._may_call:
                    found.extend(self._called_in(statement, place))
        found.sort(key=lambda each: (each.line, each.column))
        return tuple(found)

    def _names(self) -> Bindings:
        if self._bindings is None:
            from .bindings import Bindings

            self._bindings = Bindings(self._tree, self._text)
        return self._bindings

    def _tests(self) -> Availability:
        if self._availability is None:
            from .availability import Availability

            self._availability = Availability(self._names())
        return self._availability

    def _called_in(self, statement: _ast.stmt, place: Place) -> Iterable[Import]:
        """Return the imports that a statement makes itself by calls."""
        if not self._calling.touch(*own_lines(statement)):
            return ()
        if self._calls is None:
            from .dynamic import DynamicImports

            self._calls = DynamicImports(self._names(), self._tests(), self._target, self._depth)
        return self._calls.of(statement, place)

    def _is_call(self, statement: _ast.stmt) -> bool:
        """Whether a statement imports by a call with a constant name."""
        return any(True for _ in self._called_in(statement, Place()))

    def _inside(self, statement: _ast.stmt, place: Place) -> Iterable[_Block]:
        """Yield the blocks of a compound statement, each with its own circumstances."""
        if isinstance(statement, _ast.If):
            yield from self._branches(statement, place)
        elif isinstance(statement, _ast.Try) or type(statement).__name__ == "TryStar":
            yield from self._attempts(statement, place)  # type: ignore[arg-type]
        elif isinstance(statement, _ast.FunctionDef | _ast.AsyncFunctionDef):
            yield statement.body, place.under("lazy")
        elif isinstance(statement, _ast.With | _ast.AsyncWith):
            yield statement.body, place.under("optional" if self._suppresses(statement) else "")
        elif isinstance(statement, _ast.Match):
            yield from ((case.body, place) for case in statement.cases)
        else:
            yield statement.body, place  # type: ignore[attr-defined]
            yield getattr(statement, "orelse", ()), place

    def _branches(self, statement: _ast.If, place: Place) -> Iterable[_Block]:
        if is_type_checking(statement.test):
            yield statement.body, place.under("typing_only")
            yield statement.orelse, place
            return
        holds = evaluate(statement.test, self._target)
        asked = self._is_asked(statement) if holds is None else None
        if asked is not None:
            yield from _by_availability(statement, asked, place, self._is_call)
            return
        yield statement.body, place.under("unreachable" if holds is False else "")
        yield statement.orelse, place.under("unreachable" if holds is True else "")

    def _is_asked(self, statement: _ast.If) -> bool | None:
        """Return what a test says about whether some module is there, where imports depend on it."""
        imports = self._may_ask and (self._may_call or _imports_below(statement))
        return self._tests().of(statement.test, self._names().at(statement)) if imports else None

    def _attempts(self, statement: _ast.Try, place: Place) -> Iterable[_Block]:
        judged = attempt(statement, self._is_call)
        for handler in statement.handlers:
            if handler is not judged.handler or judged.outcome == "required":
                is_late = judged.handler is not None and catches_imports(handler)
                yield handler.body, place.under("optional" if is_late else "lazy")
        yield statement.finalbody, place
        if judged.outcome == "choice" and judged.handler:
            yield statement.body + statement.orelse, place.choosing(statement.lineno, 0)
            yield judged.handler.body, place.choosing(statement.lineno, 1)
        else:
            inner = place.under("optional" if judged.outcome == "optional" else "")
            yield statement.body + statement.orelse, inner
            if judged.outcome == "optional" and judged.handler:
                yield judged.handler.body, inner

    def _suppresses(self, statement: _ast.With | _ast.AsyncWith) -> bool:
        calls = [item.context_expr for item in statement.items if isinstance(item.context_expr, _ast.Call)]
        return self._may_suppress and any(self._is_suppression(call, statement) for call in calls)

    def _is_suppression(self, call: _ast.Call, statement: _ast.With | _ast.AsyncWith) -> bool:
        names: set[str] = set().union(*(caught(argument) for argument in call.args))
        # What suppresses everything is there for the import where nothing else is in it.
        is_wide = not CATCH_ALL.isdisjoint(names) and all(map(is_import, statement.body))
        if IMPORT_ERRORS.isdisjoint(names) and not is_wide:
            return False
        if dotted(call.func).rpartition(".")[2] == "suppress":
            return True
        paths = self._names().paths(call.func, self._names().at(statement))
        return any(path.rpartition(".")[2] == "suppress" for path in paths)


ASKING_WORDS = ("find_spec", "find_loader", "ImportError", "ModuleNotFoundError", "_available")
"""A text without these has no test that asks whether a module is there."""

CALLS = ("import_module", "__import__", "importorskip", "exec", "eval")
"""What imports when it is called, or runs a text that may."""

_CALLED = ("import_module", "__import__", "importorskip", "exec(", "eval(")
"""A text without these has no such call: `exec` and `eval` begin many names."""


def _calling(text: str) -> Lines:
    """Return the lines of a text on which calls may import."""
    if not any(word in text for word in _CALLED):
        return Lines(())
    from .naming_lines import lines_naming

    return lines_naming(CALLS, text)


_BLOCKS = frozenset(
    getattr(_ast, name)
    for name in (
        "If", "Try", "TryStar", "FunctionDef", "AsyncFunctionDef", "ClassDef", "With", "AsyncWith", "For",
        "AsyncFor", "While", "Match",
    )
    if hasattr(_ast, name)
)  # fmt: skip


def _by_availability(statement: _ast.If, is_there: bool, place: Place, is_call: IsCall) -> Iterable[_Block]:
    """Yield the branches of a test for a module as those of a `try`: with it, and where it is missing."""
    blocks = (statement.body, statement.orelse)
    with_it, without = blocks if is_there else blocks[::-1]
    if ends_the_program(without):
        yield with_it, place
        yield without, place.under("lazy")
    elif imports_instead(without, with_it, is_call):
        yield with_it, place.choosing(statement.lineno, 0)
        yield without, place.choosing(statement.lineno, 1)
    else:
        yield with_it, place.under("optional")
        yield without, place


def _imports_below(node: _ast.AST, depth: int = 4) -> bool:
    """Whether there are import statements not far below a compound statement."""
    blocks = [getattr(node, part, ()) for part in ("body", "orelse", "handlers")]
    below = [each for block in blocks for each in block]
    if any(isinstance(each, _ast.Import | _ast.ImportFrom) for each in below):
        return True
    inner = [each for each in below if type(each) in _BLOCKS or isinstance(each, _ast.excepthandler)]
    return depth > 0 and any(_imports_below(each, depth - 1) for each in inner)
