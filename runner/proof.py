"""Installed files + guesses -> the guesses whose distribution does not hold the module that was asked for."""

from __future__ import annotations

import os

from forerun.resolver.names import canonical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from forerun.resolver.findings import Requirement

GUESSING_RULES = ("identity:", "pipreqs:", "missing at run time; identity:", "missing at run time; pipreqs:")
"""Beginnings of the rules by which an import's name alone led to a distribution."""


def unproven(site_packages: str, requirements: Iterable[Requirement]) -> list[tuple[Requirement, str]]:
    """Return each guessed requirement whose distribution lacks a module that it was guessed for, with that module.

    A distribution's own list of its files (RECORD, see "Recording installed projects" of the packaging
    specifications) is read; none of its code runs.
    """
    guesses = [(each, module) for each in requirements for module in guessed_for(each)]
    if not guesses:
        return []
    names = {each.name for each, _ in guesses}
    records = {name: _top_level(path) for name, path in _records(site_packages) if name in names}
    # What is not installed at all was left out by its marker.
    return [(each, module) for each, module in guesses if module not in records.get(each.name, {module})]


def guessed_for(requirement: Requirement) -> list[str]:
    """Return the top-level modules by whose name alone a requirement was guessed."""
    if requirement.level in ("declared", "curated"):
        return []
    found = (each.module.partition(".")[0] for each in requirement.evidence if each.rule.startswith(GUESSING_RULES))
    return sorted(set(found))


def _records(site_packages: str) -> Iterable[tuple[str, str]]:
    for name in os.listdir(site_packages):
        if name.endswith(".dist-info"):
            yield canonical(name.partition("-")[0]), os.path.join(site_packages, name, "RECORD")


def _top_level(record: str) -> set[str]:
    """Return the top-level modules and packages among the files that a RECORD lists."""
    try:
        with open(record, encoding="utf-8", errors="replace") as file:
            firsts = {line.lstrip('"').partition(",")[0].partition("/")[0] for line in file}
    except OSError:
        return set()
    return {first.partition(".")[0] for first in firsts if not first.endswith((".dist-info", ".data", ".pth"))}
