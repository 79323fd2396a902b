"""A table of rules + the uses in a script -> the rules that hold, each with the line that shows it.

A table has one rule a line, which begins with the module and a word: a line is parsed only where the script imports
that module and holds that word, so that most scripts pay nothing. `data/README.md` describes the form.
"""

from __future__ import annotations

from forerun import data

from .uses import matches, uses_in
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ast
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from .uses import Use

_tables: dict[str, list[tuple[str, str, str]]] = {}
_kinds: list[tuple[str, str]] = []


class Match(Value):
    """A rule that holds, and the line where it does."""

    rule: Mapping[str, Any]
    line: int


def matching_rules(
    table: str, modules: Iterable[str], text: str, tree: _ast.Module, even_guarded: bool = True
) -> list[Match]:
    """Return the rules of a table that hold for a script that imports `modules`, one Match a rule.

    Without `even_guarded`, uses beside which the script has another way do not count.
    """
    wanted = set(modules)
    lines = [line for module, word, line in _lines(table) if (not module or module in wanted) and word in text]
    if not lines:
        return []
    import json

    rules = [rule for rule in map(json.loads, lines) if not _is_ruled_out(rule, wanted, text)]
    by_path: dict[str, list[Use]] = {}
    for use in uses_in(tree, _returns()) if rules else ():
        if even_guarded or not use.is_guarded:
            by_path.setdefault(use.path, []).append(use)
    found = (Match(rule, min(shown)) for rule in rules if (shown := _lines_of(rule, by_path)))
    return sorted(found, key=lambda match: (match.line, match.rule["id"]))


def _is_ruled_out(rule: Mapping[str, Any], modules: set[str], text: str) -> bool:
    """Whether a script imports a module, or has a word in it, under which the rule says nothing."""
    return not modules.isdisjoint(rule.get("unless_module", ())) or any(
        word in text for word in rule.get("unless_word", ())
    )


def _lines_of(rule: Mapping[str, Any], by_path: Mapping[str, Iterable[Use]]) -> list[int]:
    """Return the lines on which a rule holds."""
    touched = (path for path in by_path if any(matches(pattern, path) for pattern in rule["use"]))
    return [use.line for path in touched for use in by_path[path] if holds(rule, use)]


def holds(rule: Mapping[str, Any], use: Use) -> bool:
    """Whether the arguments of a use, whose path is the rule's, are those that it is about."""
    when, unless = rule.get("when", {}), rule.get("unless", {})
    if (when or unless) and not use.is_call:
        return False
    return all(_agrees(use, *each) for each in when.items()) and not any(_agrees(use, *each) for each in unless.items())


def _agrees(use: Use, names: str, patterns: Sequence[str]) -> bool:
    """Whether an argument, named by alternatives such as `0|io`, is there and matches one of some patterns."""
    value = use.argument(names.split("|"))
    return value is not None and any(matches(pattern, value) for pattern in patterns)


def _lines(table: str) -> list[tuple[str, str, str]]:
    """Cut a table into its rules: module, word, and the line to parse."""
    if table not in _tables:
        found = []
        for line in data.read(table).decode().split("\n"):
            if line.startswith('{"module": "'):
                parts = line.split('"', 8)
                found.append((parts[3], parts[7], line.rstrip(",")))
        _tables[table] = found
    return _tables[table]


def _returns() -> list[tuple[str, str]]:
    if not _kinds:
        import json

        _kinds.extend((pattern, kind) for pattern, kind in json.loads(data.read("returns.json"))["returns"])
    return _kinds
