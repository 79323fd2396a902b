"""`Source` -> the `Import`s in it, each with the circumstances in which it happens, by the syntax tree."""

from __future__ import annotations

import _ast
import warnings

from .conditions import dotted, evaluate, is_type_checking
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .source import Source
    from .target import Target

LARGEST_TREE = 2_000_000
"""Characters above which the syntax tree would take too much memory, and the token pass reads the text."""


class Import(Value):
    """One imported module: `circumstances` is empty where the script cannot run without it.

    `level` counts the dots of a relative import. `choices` places it among alternatives: pairs of the line of a
    `try` and the index of the branch (0 the body, then the handlers), outermost first.
    """

    module: str
    names: tuple[str, ...] = ()
    line: int = 0
    column: int = 0
    level: int = 0
    circumstances: tuple[str, ...] = ()
    choices: tuple[tuple[int, int], ...] = ()

    @property
    def top(self) -> str:
        """The first part of the dotted name."""
        return self.module.partition(".")[0]

    @property
    def is_needed(self) -> bool:
        """Whether the import happens on the target in a normal run, choices aside."""
        return not any(name in ("optional", "typing_only", "unreachable") for name in self.circumstances)


class Reading(Value):
    """What a source imports, its tree where it has one, and why it does not parse where it does not."""

    imports: tuple[Import, ...]
    tree: _ast.Module | None = None
    problem: str = ""
    problem_line: int = 0


def find_imports(source: Source, target: Target) -> Reading:
    """Read the imports of a source; what does not parse is read by tokens. Never raises on any text."""
    if len(source.text) > LARGEST_TREE:
        return _by_tokens(source, target, "")
    try:
        tree = parse(source.text)
        return Reading(imports_in(tree, target, source.text), tree)
    except SyntaxError as error:
        return _by_tokens(source, target, error.msg or "invalid syntax", error.lineno or 0)
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return _by_tokens(source, target, _odd_text(error))


def _by_tokens(source: Source, target: Target, problem: str, line: int = 0) -> Reading:
    from .tolerant import imports_by_tokens

    return Reading(imports_by_tokens(source.text, target), None, problem, line)


def _odd_text(error: BaseException) -> str:
    if "null byte" in str(error):
        return "holds null bytes, so Python cannot run it; is it a program's text at all?"
    return "is nested too deeply to parse here; its imports were read by tokens"


def parse(text: str) -> _ast.Module:
    """Return the syntax tree of a module without the cost of importing `ast`, and without warnings.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError, OverflowError: as `compile` does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = compile(text, "<source>", "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)
    assert isinstance(tree, _ast.Module)
    return tree


class _Place(Value):
    """The circumstances of a block of statements."""

    circumstances: tuple[str, ...] = ()
    choices: tuple[tuple[int, int], ...] = ()

    def under(self, circumstance: str) -> _Place:
        """Return this place with one circumstance more."""
        if not circumstance or circumstance in self.circumstances:
            return self
        return self.replace(circumstances=(*self.circumstances, circumstance))


def imports_in(tree: _ast.Module, target: Target, text: str = "") -> tuple[Import, ...]:
    """Return every import statement of a tree, and the constant dynamic imports where `text` mentions one."""
    found: list[Import] = []
    waiting: list[tuple[Sequence[_ast.stmt], _Place]] = [(tree.body, _Place())]
    while waiting:
        block, place = waiting.pop()
        for statement in block:
            kind = type(statement)
            if kind is _ast.Import or kind is _ast.ImportFrom:
                found.extend(_imports_of(statement, place))
            elif kind in _BLOCKS:
                waiting.extend(_inside(statement, place, target))
    if any(name in text for name in ("import_module", "__import__", "importorskip")):
        from .dynamic import dynamic_imports

        found.extend(dynamic_imports(tree))
    found.sort(key=lambda each: (each.line, each.column))
    return tuple(found)


_BLOCKS = frozenset(
    getattr(_ast, name)
    for name in (
        "If", "Try", "TryStar", "FunctionDef", "AsyncFunctionDef", "ClassDef", "With", "AsyncWith", "For",
        "AsyncFor", "While", "Match",
    )
    if hasattr(_ast, name)
)  # fmt: skip


def _imports_of(statement: _ast.stmt, place: _Place) -> Iterable[Import]:
    where = (statement.lineno, statement.col_offset)
    if isinstance(statement, _ast.ImportFrom):
        names = tuple(alias.name for alias in statement.names)
        yield Import(statement.module or "", names, *where, statement.level, place.circumstances, place.choices)
    elif isinstance(statement, _ast.Import):
        for alias in statement.names:
            yield Import(alias.name, (), *where, 0, place.circumstances, place.choices)


def _inside(statement: _ast.stmt, place: _Place, target: Target) -> Iterable[tuple[Sequence[_ast.stmt], _Place]]:
    """Yield the blocks of a compound statement, each with its own circumstances."""
    if isinstance(statement, _ast.If):
        yield from _branches(statement, place, target)
    elif isinstance(statement, _ast.Try) or type(statement).__name__ == "TryStar":
        yield from _attempts(statement, place)  # type: ignore[arg-type]
    elif isinstance(statement, _ast.FunctionDef | _ast.AsyncFunctionDef):
        yield statement.body, place.under("lazy")
    elif isinstance(statement, _ast.With | _ast.AsyncWith):
        yield statement.body, place.under("optional" if _suppresses(statement) else "")
    elif isinstance(statement, _ast.Match):
        yield from ((case.body, place) for case in statement.cases)
    else:
        yield statement.body, place  # type: ignore[attr-defined]
        yield getattr(statement, "orelse", ()), place


def _branches(statement: _ast.If, place: _Place, target: Target) -> Iterable[tuple[Sequence[_ast.stmt], _Place]]:
    if is_type_checking(statement.test):
        yield statement.body, place.under("typing_only")
        yield statement.orelse, place
        return
    holds = evaluate(statement.test, target)
    yield statement.body, place.under("unreachable" if holds is False else "")
    yield statement.orelse, place.under("unreachable" if holds is True else "")


IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})
CATCH_ALL = frozenset({"Exception", "BaseException", ""})


def _attempts(statement: _ast.Try, place: _Place) -> Iterable[tuple[Sequence[_ast.stmt], _Place]]:
    handlers = [handler for handler in statement.handlers if _catches_import_error(handler, statement.body)]
    going_on = [handler for handler in handlers if not ends_the_program(handler.body)]
    others = [handler for handler in statement.handlers if handler not in going_on]
    yield from ((handler.body, place.under("lazy")) for handler in others)
    yield statement.finalbody, place
    if not going_on:
        yield statement.body, place
        yield statement.orelse, place
    elif any(_has_import(handler.body) for handler in going_on):
        for index, block in enumerate([statement.body, *(handler.body for handler in going_on)]):
            yield block, place.replace(choices=(*place.choices, (statement.lineno, index)))
        yield statement.orelse, place.replace(choices=(*place.choices, (statement.lineno, 0)))
    else:
        replaced = any(_stands_in(handler.body) for handler in going_on)
        yield statement.body, place.under("optional" if replaced else "")
        yield statement.orelse, place.under("optional" if replaced else "")
        yield from ((handler.body, place.under("optional")) for handler in going_on)


def _catches_import_error(handler: _ast.ExceptHandler, body: Sequence[_ast.stmt]) -> bool:
    """Whether a handler is there for a failed import: by its name, or by catching all around imports alone."""
    caught = _caught(handler.type)
    if not IMPORT_ERRORS.isdisjoint(caught):
        return True
    simple = (_ast.Import, _ast.ImportFrom, _ast.Assign, _ast.AnnAssign, _ast.Pass)
    return not CATCH_ALL.isdisjoint(caught) and all(isinstance(each, simple) for each in body)


def _caught(node: _ast.expr | None) -> set[str]:
    if node is None:
        return {""}
    elements = node.elts if isinstance(node, _ast.Tuple) else [node]
    return {dotted(element).rpartition(".")[2] for element in elements} - {""}


_EXITS = frozenset({"sys.exit", "exit", "quit", "os._exit", "SystemExit", "pytest.skip", "os.abort", "os.execv"})


def ends_the_program(body: Sequence[_ast.stmt]) -> bool:
    """Whether a handler always raises or leaves the program, so that the import it guards is required."""
    for statement in body:
        if isinstance(statement, _ast.Raise):
            return True
        if isinstance(statement, _ast.Expr) and isinstance(statement.value, _ast.Call):
            if dotted(statement.value.func) in _EXITS:
                return True
        elif isinstance(statement, _ast.If) and ends_the_program(statement.body) and ends_the_program(statement.orelse):
            return True
    return False


_HELPERS = frozenset({"logging", "os", "pip", "subprocess", "sys", "time", "traceback", "warnings"})
"""Modules with which a handler reports, installs or ends, and which therefore replace nothing."""


def _has_import(body: Sequence[_ast.stmt]) -> bool:
    return any(_replaces(each) or (isinstance(each, _ast.Try) and _has_import(each.body)) for each in body)


def _is_import(statement: _ast.stmt) -> bool:
    return isinstance(statement, _ast.Import | _ast.ImportFrom)


def _replaces(statement: _ast.stmt) -> bool:
    """Whether a statement imports anything but what a handler needs for itself."""
    return any(each.level or each.top not in _HELPERS for each in _imports_of(statement, _Place()))


def _stands_in(body: Sequence[_ast.stmt]) -> bool:
    """Whether a handler puts something in place of the import; one that only prints leaves the name undefined."""
    acting = [each for each in body if not _is_import(each)]
    return any(not isinstance(each, _ast.Expr) or isinstance(each.value, _ast.Constant) for each in acting)


def _suppresses(statement: _ast.With | _ast.AsyncWith) -> bool:
    return any(
        isinstance(item.context_expr, _ast.Call)
        and dotted(item.context_expr.func) in ("suppress", "contextlib.suppress")
        and any(dotted(each) in IMPORT_ERRORS for each in item.context_expr.args)
        for item in statement.items
    )
