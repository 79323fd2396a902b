"""Rules + the uses in a script -> the rules that hold, each with the line that shows it."""

from __future__ import annotations

import json

from forerun import data

from .guards import may_ask
from .import_map import DEEPEST
from .naming_lines import ATTRIBUTE
from .returns import Returns
from .use import TEXT, matches
from .uses import uses_in
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ast
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from .rules import Script
    from .statements import Import
    from .use import Use

BLANK = " \t\r\n\f\\"
WINDOW = 80
"""Characters before a name in which its dot is looked for; where they are blank, it may be anywhere."""

_read: list[Returns] = []
_last: list[tuple[_ast.Module, tuple[Use, ...]]] = []
_parsed: dict[str, Mapping[str, Any]] = {}


class Match(Value):
    """A rule that holds, and the line where it does."""

    rule: Mapping[str, Any]
    line: int


def matches_among(lines: Iterable[str], script: Script, even_guarded: bool) -> list[Match]:
    """Return the rules among some lines of a table that hold, by the line of the script and their name."""
    paths = {path for each in script.imports for path in _imported(each)}
    rules = [rule for rule in map(_parse, lines) if _may_hold(rule, paths, script.text) and not _is_out(rule, script)]
    by_path: dict[str, list[Use]] = {}
    for use in _uses_of(script) if rules else ():
        if even_guarded or not use.is_guarded:
            by_path.setdefault(use.path, []).append(use)
    found = (Match(rule, min(shown)) for rule in rules if (shown := _lines_of(rule, by_path)))
    return sorted(found, key=lambda match: (match.line, match.rule["id"]))


def _parse(line: str) -> Mapping[str, Any]:
    if line not in _parsed:
        _parsed[line] = json.loads(line)
    return _parsed[line]


def _imported(statement: Import) -> Iterator[str]:
    """Yield the paths that an import names, those that lead to them, and their last parts."""
    parts = statement.module.split(".")[:DEEPEST]
    yield from (".".join(parts[:size]) for size in range(1, len(parts) + 1))
    yield from (f"{statement.module}.{name}" for name in statement.names)
    yield from (parts[-1], *statement.names)


def _may_hold(rule: Mapping[str, Any], paths: set[str], text: str) -> bool:
    """Whether a text has the names and words without which a rule cannot hold; most texts need no closer look."""
    return any(_may_be_used(pattern, paths, text) for pattern in rule["use"]) and all(
        any(all(part in text for part in pattern.split("*")) for pattern in patterns)
        for patterns in rule.get("when", {}).values()
    )


def _may_be_used(pattern: str, paths: set[str], text: str) -> bool:
    """Whether a path may be used: its last name is imported or an attribute, unless it is what a call returns."""
    path = pattern.removesuffix(".*")
    last = path.rpartition(".")[2]
    if path == TEXT:
        return True
    if not last.isidentifier():
        return all(part in text for part in last.split("*") if part.isidentifier())
    if not path.replace(".", "").isidentifier():
        return last in paths or _is_attribute(last, text)
    return path in paths or _is_attribute(last, text, path.split(".")[-2:-1])


def _is_attribute(name: str, text: str, holders: Sequence[str] = ()) -> bool:
    """Whether a text has a name behind a dot, and before that a holder, if one is given and has no other name there."""
    has_another_holder = False
    at = text.find(name)
    while at >= 0:
        before = text[max(at - WINDOW, 0) : at].rstrip(BLANK)
        if not before or before.endswith("."):
            holder = before.removesuffix(".").rstrip(BLANK)
            if not holder or not holders or holder.endswith(holders[0]):
                return True
            has_another_holder = True
        at = text.find(name, at + len(name))
    return has_another_holder and _is_renamed(holders[0], text)


def _is_renamed(name: str, text: str) -> bool:
    """Whether a text gives a name another name, by `as` or by `=`."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        after = text[end : end + WINDOW].lstrip(BLANK)
        if not after or after.startswith(("as ", "as\t", "as\\")):
            return True
        before = text[max(at - WINDOW, 0) : at].rstrip(ATTRIBUTE).rstrip(BLANK + "(")
        if not after.startswith((".", "(", "[")) and (not before or before.endswith("=")):
            return True
        at = text.find(name, end)
    return False


def _uses_of(script: Script) -> tuple[Use, ...]:
    """Return the uses in a script; those of the last one are kept, since two tables ask for them."""
    if not _last or _last[0][0] is not script.tree:
        _last[:] = [(script.tree, uses_in(script.tree, _returns(), may_ask=may_ask(script.text)))]
    return _last[0][1]


def _is_out(rule: Mapping[str, Any], script: Script) -> bool:
    """Whether a script imports a module, or has a word in it, under which the rule says nothing."""
    return not script.modules.isdisjoint(rule.get("unless_module", ())) or any(
        word in script.text for word in rule.get("unless_word", ())
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


def _returns() -> Returns:
    if not _read:
        _read.append(Returns(map(tuple, json.loads(data.read("returns.json"))["returns"])))
    return _read[0]
