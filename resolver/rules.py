"""A table of rules + a script -> the rules that may hold, parsed no sooner than that is known.

A table has one rule a line, which begins with the module and a word: a line is parsed only where the script imports
that module and holds that word, so that most scripts pay nothing. `data/README.md` describes the form.
"""

from __future__ import annotations

from forerun import data

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ast
    from collections.abc import Iterable

    from .rule_matching import Match

_tables: dict[str, dict[str, list[tuple[str, str]]]] = {}


def matching_rules(
    table: str, modules: Iterable[str], text: str, tree: _ast.Module, even_guarded: bool = True
) -> list[Match]:
    """Return the rules of a table that hold for a script that imports `modules`, one Match a rule.

    Without `even_guarded`, uses beside which the script has another way do not count.
    """
    wanted = set(modules)
    rules = _rules(table)
    lines = [line for module in sorted({"", *wanted}) for word, line in rules.get(module, ()) if _mentions(text, word)]
    if not lines:
        return []
    from .rule_matching import matches_among

    return matches_among(lines, wanted, text, tree, even_guarded)


def _mentions(text: str, word: str) -> bool:
    """Whether a text holds a word, or one of several that `|` divides."""
    return any(each in text for each in word.split("|"))


def _rules(table: str) -> dict[str, list[tuple[str, str]]]:
    """Cut a table into its rules: for each module, words and the lines to parse."""
    if table not in _tables:
        found: dict[str, list[tuple[str, str]]] = {}
        for line in data.read(table).decode().split("\n"):
            if line.startswith('{"module": "'):
                parts = line.split('"', 8)
                found.setdefault(parts[3], []).append((parts[7], line.rstrip(",")))
        _tables[table] = found
    return _tables[table]
