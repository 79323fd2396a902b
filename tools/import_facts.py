"""Turns the published import facts into the unjudged sections of the import map."""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from import_table import Table, canonical, with_marker

# These read archives or source trees; the other sources are hand-kept tables.
ARCHIVE_SOURCES = frozenset({"pigar", "gazelle", "wheel", "repo-tree", "pyodide"})
CANDIDATES_SHOWN = 8
_NOISE = re.compile(r"(^|\.)(tests?|test_\w+|\w+_tests?|__\w+__|libs)(\.|$)|mypyc|\._|\.Qt6\.|\.lib\.")


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the evidence: who says which distribution provides an import name."""

    module: str
    votes: Mapping[str, frozenset[str]]
    truth: str | None
    majority: bool
    conflict: bool

    @property
    def archived(self) -> tuple[str, ...]:
        """The distributions whose contents were seen to hold the module."""
        return tuple(name for name, sources in self.votes.items() if sources & ARCHIVE_SOURCES)


def read_facts(lines: Iterable[str]) -> Iterator[Fact]:
    """Yield the facts of import_evidence.jsonl that a script could import."""
    for line in lines:
        row = json.loads(line)
        if is_importable(row["module"]):
            yield Fact(
                module=row["module"],
                votes={canonical(name): frozenset(sources) for name, sources in row["votes"].items()},
                truth=canonical(row["truth"]) if "truth" in row else None,
                majority=row.get("why") == "majority",
                conflict=row.get("conflict", False),
            )


def read_namespaces(lines: Iterable[str]) -> dict[str, str]:
    """Return the dotted prefixes of namespace.tsv that one distribution alone provides."""
    found: dict[str, set[str]] = {}
    for line in lines:
        prefix, distribution, *_ = line.split("\t")
        if "." in prefix and is_importable(prefix):
            found.setdefault(prefix, set()).add(canonical(distribution))
    return {prefix: names.pop() for prefix, names in found.items() if len(names) == 1}


def is_importable(module: str) -> bool:
    """Tell whether a name can stand in an import statement, is no standard module and no packaging debris."""
    parts = module.split(".")
    return (
        all(part.isascii() and part.isidentifier() and not keyword.iskeyword(part) for part in parts)
        and parts[0] not in sys.stdlib_module_names
        and not _NOISE.search(module)
    )


def settle(fact: Fact, popular: Mapping[str, int]) -> str | None:
    """Return the distribution that the evidence alone decides, or None where it stays contested."""
    archived = fact.archived
    if fact.truth is not None:
        if fact.truth not in archived and archived:
            return None
        identity = canonical(fact.module)
        return identity if not fact.majority and identity in archived and identity in popular else fact.truth
    if len(archived) == 1 and archived[0] in popular:
        return archived[0]
    return None


def _candidates(fact: Fact, popular: Mapping[str, int]) -> list[str]:
    ranked = sorted(fact.votes, key=lambda name: (popular.get(name, len(popular) + 1), name))
    return ranked[:CANDIDATES_SHOWN]


def _is_plain_popular(fact: Fact, popular: Mapping[str, int]) -> bool:
    """Tell whether only the popular distribution of the same name was ever named."""
    identity = canonical(fact.module)
    return tuple(fact.votes) == (identity,) and identity in popular


def tabulate(
    facts: Iterable[Fact],
    namespaces: Mapping[str, str],
    popular: Mapping[str, int],
    markers: Mapping[str, str],
) -> Table:
    """Sort the facts into the sections that evidence can fill."""
    modules: dict[str, str | list[str]] = {}
    same: set[str] = set()
    contested: dict[str, list[str]] = {}
    for fact in facts:
        answer = settle(fact, popular)
        if answer is None:
            if "." not in fact.module and not _is_plain_popular(fact, popular):
                contested[fact.module] = _candidates(fact, popular)
        elif answer != canonical(fact.module) or "." in fact.module:
            modules[fact.module] = with_marker(answer, markers)
        elif fact.majority and not fact.conflict:
            same.add(fact.module)
    for prefix, distribution in namespaces.items():
        modules[prefix] = with_marker(distribution, markers)
    return Table(modules, frozenset(same), {}, contested, {}, frozenset(), {})
