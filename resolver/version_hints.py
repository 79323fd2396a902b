"""Uses of what current releases no longer have -> the constraint under which the script still runs."""

from __future__ import annotations

from .findings import Diagnostic, Evidence, Requirement
from .implicit import split_requirement
from .rules import matching_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .rules import Script
    from .target import Target

TABLE = "version_hints.json"


def version_hints(script: Script, path: str, target: Target) -> tuple[list[Requirement], list[Diagnostic]]:
    """Return the constraints that `data/version_hints.json` puts on what a script uses, and what it says instead.

    A constraint is only returned where a release that meets it can be installed on the target; elsewhere, and where
    no release helps, a Diagnostic says what is wrong.
    """
    constraints: list[Requirement] = []
    diagnostics: list[Diagnostic] = []
    for match in matching_rules(TABLE, script, even_guarded=False):
        rule = match.rule
        if "from" in rule and target.python < _version(rule["from"]):
            continue
        if not rule.get("constraints"):
            diagnostics.append(Diagnostic(path, match.line, rule["reason"]))
        elif _python_allows(rule, target):
            constraints.extend(_constraint(each, rule, path, match.line) for each in rule["constraints"])
        else:
            only = f"{rule['constraints'][0]} would help, and cannot be installed on Python {target.version}"
            diagnostics.append(Diagnostic(path, match.line, f"{rule['reason']}; {only}"))
    return constraints, diagnostics


def _constraint(text: str, rule: Mapping[str, Any], path: str, line: int) -> Requirement:
    name, extras, specifier = split_requirement(text)
    evidence = Evidence(rule["id"], path, line, f"version hint: {rule['reason']} ({rule['source']})")
    return Requirement(name, "curated", specifier, extras, evidence=(evidence,))


def _python_allows(rule: Mapping[str, Any], target: Target) -> bool:
    """Whether the rule's `below` (the first Python for which no such release has wheels) is above the target."""
    return "below" not in rule or target.python < _version(rule["below"])


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)
