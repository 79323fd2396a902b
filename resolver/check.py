"""`Resolution` + what a project declares -> findings: missing, unused and wrongly named requirements."""

from __future__ import annotations

import os

from .import_map import look_up
from .names import canonical
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import Any, Literal

    from .findings import Requirement, Resolution
    from .project import Declarations

    FindingKind = Literal["missing", "unused", "wrong-name"]

NOT_IMPORTED = frozenset(
    "pip setuptools wheel uv hatchling flit-core poetry-core pytest ruff mypy black flake8 isort coverage tox nox "
    "pre-commit build twine pylint sphinx mkdocs gunicorn ipykernel jupyter jupyterlab notebook".split()
)
"""Programs that projects declare and never import."""

RULES = {
    "missing": "A distribution is imported and not declared",
    "unused": "A distribution is declared and not imported",
    "wrong-name": "A declared name is another project's",
}


class CheckFinding(Value):
    """Where what is imported and what is declared differ; `name` is the distribution that it is about.

    `declared` is the wrong name, where there is one.
    """

    kind: FindingKind
    name: str
    path: str
    line: int
    message: str
    declared: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


def check(resolution: Resolution, declared: Declarations, *, is_whole: bool) -> tuple[CheckFinding, ...]:
    """Return every difference between what scripts need and what is declared for them, in order of place.

    Only where the scripts are the whole of what was declared for can a declared name be unused.
    """
    known = {each.name for each in (*declared.requirements, *declared.optional)}
    imported = {each.name for each in (*resolution.requirements, *resolution.optional)}
    offered = imported | {name for each in resolution.requirements for name in each.alternatives}
    unknown = {canonical(each.module.partition(".")[0]) for each in resolution.unresolved}
    wrong = list(_wrong_names((*declared.requirements, *declared.optional), imported - known))
    excused = {finding.name for finding in wrong}
    found = [
        *wrong,
        *_missing([each for each in resolution.requirements if each.name not in excused], known),
        *_unused(
            [
                each
                for each in declared.requirements
                if is_whole and each.name not in offered and not _may_provide(each.name, unknown)
            ],
            wrong,
        ),
    ]
    return tuple(sorted(found, key=lambda each: (each.path, each.line, each.kind, each.name)))


def _may_provide(name: str, unknown: Collection[str]) -> bool:
    """Whether a distribution's name tells that it is only for type checkers, or holds one of the unknown modules."""
    if name.startswith("types-") or name.endswith("-stubs"):
        return True
    return any(f"-{module}-" in f"-{name}-" for module in unknown if module)


def _wrong_names(declared: Iterable[Requirement], missing: set[str]) -> Iterable[CheckFinding]:
    """Find declared names that are the import's name and not the distribution's, such as sklearn."""
    for each in declared:
        right = look_up(each.name.replace("-", "_"), lambda _: frozenset()).distribution
        if right in missing and right != each.name:
            place = each.evidence[0]
            message = f"declares {each.name}, and the imports of that name come from {right}"
            yield CheckFinding("wrong-name", right, place.path, place.line, message, each.name)


def _missing(needed: Iterable[Requirement], known: set[str]) -> Iterable[CheckFinding]:
    for each in needed:
        if each.name not in known and known.isdisjoint(each.alternatives):
            place = each.evidence[0]
            message = f"needs {each.name} (for {place.module}), which is not declared"
            yield CheckFinding("missing", each.name, place.path, place.line, message)


def _unused(declared: Iterable[Requirement], wrong: Iterable[CheckFinding]) -> Iterable[CheckFinding]:
    reported = {each.declared for each in wrong}
    for each in declared:
        place = each.evidence[0]
        if each.name not in NOT_IMPORTED and each.name not in reported:
            message = f"declares {each.name}, which nothing here imports"
            yield CheckFinding("unused", each.name, place.path, place.line, message)


def as_github(findings: Iterable[CheckFinding]) -> list[str]:
    """Return findings as workflow commands, which GitHub shows beside the lines ("Workflow commands" in its docs)."""
    return [
        f"::error file={_escaped(os.path.normpath(each.path))},line={max(1, each.line)}::{_escaped(each.message)}"
        for each in findings
    ]


def _escaped(text: str) -> str:
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        text = text.replace(char, code)
    return text


def as_sarif(findings: Iterable[CheckFinding], version: str) -> dict[str, Any]:
    """Return findings as a SARIF 2.1.0 log (OASIS), ready for `json.dumps`."""
    driver = {
        "name": "forerun",
        "version": version,
        "rules": [{"id": name, "shortDescription": {"text": text}} for name, text in RULES.items()],
    }
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(each) for each in findings],
            }
        ],
    }


def _sarif_result(each: CheckFinding) -> dict[str, Any]:
    place = {"artifactLocation": _location(each.path), "region": {"startLine": max(1, each.line)}}
    return {
        "ruleId": each.kind,
        "ruleIndex": list(RULES).index(each.kind),
        "level": "warning" if each.kind == "unused" else "error",
        "message": {"text": each.message},
        "locations": [{"physicalLocation": place}],
    }


def _location(path: str) -> dict[str, str]:
    """Return a path as a URI reference (RFC 3986): relative to the folder that is checked, or of a file elsewhere."""
    from urllib.parse import quote

    if os.path.isabs(path):
        return {"uri": f"file://{quote(os.fsencode(path))}"}
    return {"uri": quote(os.fsencode(os.path.normpath(path))), "uriBaseId": "%SRCROOT%"}
