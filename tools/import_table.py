"""Turns import facts and hand-made judgements into the text of data/import_map.json."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

Value = str | list[str]

_ROW_TEXT = re.compile(r"[ !#-\[\]-~]*")


class BadJudgement(Exception):
    """A judgement that cannot be applied."""


@dataclass(frozen=True, slots=True)
class Table:
    """The sections of the import map."""

    modules: Mapping[str, Value]
    same: frozenset[str]
    patterns: Mapping[str, str]
    contested: Mapping[str, list[str]]
    hosts: Mapping[str, str]
    local: frozenset[str]
    removed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Judgements:
    """What was decided by hand; it wins over every fact."""

    verdicts: Mapping[str, Value]
    contested: Mapping[str, list[str]]
    dropped: frozenset[str]
    patterns: Mapping[str, str]
    hosts: Mapping[str, str]
    local: frozenset[str]
    removed: Mapping[str, str]
    markers: Mapping[str, str]


def canonical(name: str) -> str:
    """Return the PEP 503 form of a distribution name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_judgements(text: str) -> Judgements:
    """Parse tools/judgements.json, whose verdict rows are `[value, reason]`."""
    raw = json.loads(text)
    judged = Judgements(
        verdicts={name: value for name, (value, _reason) in raw["verdicts"].items()},
        contested={name: value for name, (value, _reason) in raw["contested"].items()},
        dropped=frozenset(raw["dropped"]),
        patterns=raw["patterns"],
        hosts=raw["hosts"],
        local=frozenset(raw["local"]),
        removed=raw["removed"],
        markers=raw["markers"],
    )
    _refuse_double_judgements(judged)
    return judged


def _refuse_double_judgements(judged: Judgements) -> None:
    """Raise BadJudgement when two sections decide the same name."""
    seen: dict[str, str] = {}
    for section in ("verdicts", "contested", "dropped", "hosts", "local", "removed"):
        for name in getattr(judged, section):
            if name in seen:
                raise BadJudgement(f"{name}: in {seen[name]} and in {section}")
            seen[name] = section


def with_marker(distribution: str, markers: Mapping[str, str]) -> str:
    """Append the environment marker that a platform-bound distribution carries."""
    for pattern, marker in markers.items():
        if re.fullmatch(pattern, distribution):
            return f"{distribution} ; {marker}"
    return distribution


def apply_judgements(table: Table, judged: Judgements) -> Table:
    """Return the table with every judged name decided as judged."""
    decided = frozenset().union(
        judged.verdicts, judged.contested, judged.dropped, judged.hosts, judged.local, judged.removed
    )
    same = {name for name in table.same if name not in decided}
    modules = {name: value for name, value in table.modules.items() if name not in decided}
    contested = {name: value for name, value in table.contested.items() if name not in decided}
    for name, value in judged.verdicts.items():
        if "." not in name and value == canonical(name):
            same.add(name)
        else:
            modules[name] = value
    return Table(
        modules=modules,
        same=frozenset(same),
        patterns=judged.patterns,
        contested={**contested, **judged.contested},
        hosts=judged.hosts,
        local=judged.local,
        removed=judged.removed,
    )


def pattern_answer(name: str, patterns: Mapping[str, str]) -> str | None:
    """Return what a pattern of the same depth says about a dotted name."""
    parent, _, segment = name.rpartition(".")
    target = patterns.get(f"{parent}.*")
    if target is None or not segment:
        return None
    stem = re.sub(r"_admin$", "", re.sub(r"_v\d+\w*$", "", segment))
    return target.partition(" ")[0].replace("*", canonical(stem))


def _shorter_answer(name: str, table: Table) -> Value | None:
    """Return the answer that a dotted name gets without a row of its own."""
    answer: Value | None = pattern_answer(name, table.patterns)
    prefix = name
    while answer is None and "." in prefix:
        prefix = prefix.rpartition(".")[0]
        answer = table.modules.get(prefix) or pattern_answer(prefix, table.patterns)
    if answer is None and prefix not in table.contested and prefix not in table.hosts:
        answer = canonical(prefix)
    return answer


def prune(table: Table, kept: Container[str], popular: Container[str]) -> Table:
    """Drop dotted rows that a shorter row or a pattern answers alike.

    A row that only a pattern covers stays when its distribution is not popular: the row vouches for it.
    """
    modules = dict(table.modules)
    for name in sorted(table.modules, key=lambda row: (row.count("."), row)):
        value = modules[name]
        if "." not in name or name in kept:
            continue
        without = replace(table, modules=modules)
        by_pattern = pattern_answer(name, table.patterns) == value
        if _shorter_answer(name, without) == value and (not by_pattern or value in popular):
            del modules[name]
    return replace(table, modules=modules)


def _row(name: str, value: Value) -> str:
    return f"{json.dumps(name)}: {json.dumps(value)}"


def _section(name: str, brackets: str, rows: Iterable[str]) -> str:
    ordered = list(rows)
    for row in ordered:
        if not _ROW_TEXT.fullmatch(row.replace('"', "")):
            raise BadJudgement(f"not plain ASCII: {row}")
    return f'"{name}": {brackets[0]}\n' + ",\n".join(ordered) + ("\n" if ordered else "") + brackets[1]


def _mapping(name: str, rows: Mapping[str, Any]) -> str:
    return _section(name, "{}", (_row(key, rows[key]) for key in sorted(rows)))


def _names(name: str, names: Iterable[str]) -> str:
    return _section(name, "[]", (json.dumps(each) for each in sorted(names)))


def render(table: Table) -> str:
    """Return the file's text: valid JSON, one row a line, sorted, found by byte search."""
    sections = (
        _mapping("modules", table.modules),
        _names("same", table.same),
        _mapping("patterns", table.patterns),
        _mapping("contested", table.contested),
        _mapping("hosts", table.hosts),
        _names("local", table.local),
        _mapping("removed", table.removed),
    )
    return "{\n" + ",\n".join(sections) + "\n}\n"


def parse(text: str) -> Table:
    """Read a rendered import map back."""
    raw = json.loads(text)
    return Table(
        modules=raw["modules"],
        same=frozenset(raw["same"]),
        patterns=raw["patterns"],
        contested=raw["contested"],
        hosts=raw["hosts"],
        local=frozenset(raw["local"]),
        removed=raw["removed"],
    )
