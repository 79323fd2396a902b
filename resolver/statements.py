"""Import statement -> `Import`s, in the `Place` where it stands."""

from __future__ import annotations

import _ast

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


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


class Place(Value):
    """The circumstances of a block of statements."""

    circumstances: tuple[str, ...] = ()
    choices: tuple[tuple[int, int], ...] = ()

    def under(self, circumstance: str) -> Place:
        """Return this place with one circumstance more."""
        if not circumstance or circumstance in self.circumstances:
            return self
        return self.replace(circumstances=(*self.circumstances, circumstance))

    def choosing(self, line: int, branch: int) -> Place:
        """Return this place in one of the alternatives that begin on a line."""
        return self.replace(choices=(*self.choices, (line, branch)))


def imports_of(statement: _ast.stmt, place: Place) -> Iterable[Import]:
    """Yield what an `import` or `from ... import` statement imports."""
    where = (statement.lineno, statement.col_offset)
    if isinstance(statement, _ast.ImportFrom):
        names = tuple(alias.name for alias in statement.names)
        yield Import(statement.module or "", names, *where, statement.level, place.circumstances, place.choices)
    elif isinstance(statement, _ast.Import):
        for alias in statement.names:
            yield Import(alias.name, (), *where, 0, place.circumstances, place.choices)
