"""A table of rules + a script -> the rules that may hold, parsed no sooner than that is known.

A table has one rule a line, which begins with the module and a word: a line is parsed only where the script imports
that module and holds that word, so that most scripts pay nothing. `data/README.md` describes the form.
"""

from __future__ import annotations

from forerun import data

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ast
    from collections.abc import Sequence

    from .rule_matching import Match
    from .statements import Import

START = '{"module": "'
"""How the line of a rule begins."""

_tables: dict[str, dict[str, list[str]]] = {}
_by_word: dict[tuple[str, str], dict[str, list[str]]] = {}


class Script(Value):
    """A script as rules see it; `modules` are those of its imports, by their first part, that count."""

    modules: frozenset[str]
    imports: Sequence[Import]
    text: str
    tree: _ast.Module


def matching_rules(table: str, script: Script, even_guarded: bool = True) -> list[Match]:
    """Return the rules of a table that hold for a script, one Match a rule.

    Without `even_guarded`, uses beside which the script has another way do not count.
    """
    by_word = (_words(table, module) for module in ("", *script.modules))
    mentioned = (lines for words in by_word for word, lines in words.items() if word in script.text)
    lines = dict.fromkeys(line for each in mentioned for line in each)
    if not lines:
        return []
    from .rule_matching import matches_among

    return matches_among(lines, script, even_guarded)


def _words(table: str, module: str) -> dict[str, list[str]]:
    """Return a module's rules by their words: each word of which a text must hold one, and the lines to parse."""
    key = table, module
    if key not in _by_word:
        found: dict[str, list[str]] = {}
        for line in _rules(table).get(module, ()):
            for word in line.split('"', 8)[7].split("|"):
                found.setdefault(word, []).append(line.rstrip(","))
        if not found:
            return found
        _by_word[key] = found
    return _by_word[key]


def _rules(table: str) -> dict[str, list[str]]:
    """Cut a table into its rules: for each module, its lines."""
    if table not in _tables:
        found: dict[str, list[str]] = {}
        for line in data.read(table).decode().split("\n"):
            if line.startswith(START):
                modules = line[len(START) : line.index('"', len(START))]
                for module in modules.split("|"):
                    found.setdefault(module, []).append(line)
        _tables[table] = found
    return _tables[table]
