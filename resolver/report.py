"""`Resolution` -> the text that people and programs read: requirement lines, JSON, explanations."""

from __future__ import annotations

from .trust import judge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .findings import Evidence, Requirement, Resolution, Unresolved
    from .trust import Policy

SCHEMA_VERSION = 1


def requirement_lines(resolution: Resolution, rules: Policy) -> list[str]:
    """Return one requirement a line; those that would not be installed by default carry the reason as a comment."""
    return [_line(each, rules) for each in resolution.requirements]


def _line(requirement: Requirement, rules: Policy) -> str:
    verdict = judge(requirement, rules)
    if verdict.is_allowed:
        return requirement.text
    return f"{requirement.text}  # not installed by default: {_where(requirement.evidence)}{verdict.reason}"


def _where(evidence: tuple[Evidence, ...]) -> str:
    return f"line {evidence[0].line}, " if evidence and evidence[0].line else ""


def problem_lines(resolution: Resolution) -> list[str]:
    """Return a sentence for each diagnostic and for each import that leads to no distribution."""
    return [str(each) for each in resolution.diagnostics] + [unresolved_line(each) for each in resolution.unresolved]


def unresolved_line(each: Unresolved) -> str:
    """Return why an import leads to no distribution, with its place and what to do."""
    place = f"{each.path}:{each.line}" if each.line else each.path
    from .near_names import nearest_popular

    near = nearest_popular(each.guess) if each.guess else ""
    hints = [f"did you mean {near}?" if near else ""]
    hints.append(f"candidates: {', '.join(each.alternatives[:5])}" if each.alternatives else "")
    added = "; ".join(hint for hint in hints if hint)
    return f"{place}: {each.reason}" + (f" ({added})" if added else "")


def explanation(resolution: Resolution, rules: Policy) -> Iterator[str]:
    """Yield, for a person, each requirement with the lines that need it and the rule that decided."""
    for requirement in resolution.requirements:
        verdict = judge(requirement, rules)
        yield f"{requirement.text}  [{requirement.level}]" + (
            "" if verdict.is_allowed else "  not installed by default"
        )
        for evidence in requirement.evidence[:5]:
            place = f"{evidence.path}:{evidence.line}" if evidence.line else evidence.path
            yield f"    {place}  {evidence.module}"
        if len(requirement.evidence) > 5:
            yield f"    and {len(requirement.evidence) - 5} more"
        for rule in dict.fromkeys(evidence.rule for evidence in requirement.evidence):
            yield f"    because {rule}"
        if requirement.alternatives:
            yield f"    also provided by {', '.join(requirement.alternatives[:5])}"
        if not verdict.is_allowed:
            yield f"    refused: {verdict}"
    yield from _explained_rest(resolution)


def _explained_rest(resolution: Resolution) -> Iterator[str]:
    if resolution.optional:
        yield f"optional, not installed: {', '.join(each.name for each in resolution.optional)}"
    if resolution.standard_library:
        yield f"standard library: {', '.join(resolution.standard_library)}"
    if resolution.local:
        yield f"local: {', '.join(resolution.local)}"


def as_json(resolution: Resolution, rules: Policy) -> dict[str, Any]:
    """Return the whole resolution with its evidence, ready for `json.dumps`; the schema is in the README."""
    return {
        "version": SCHEMA_VERSION,
        "target": {"python": resolution.target.version, "platform": resolution.target.platform},
        "declared": resolution.is_declared,
        "requires_python": resolution.requires_python,
        "requirements": [_requirement(each, rules) for each in resolution.requirements],
        "optional": [_requirement(each, rules) for each in resolution.optional],
        "unresolved": [_fields(each) for each in resolution.unresolved],
        "standard_library": list(resolution.standard_library),
        "local": list(resolution.local),
        "diagnostics": [_fields(each) for each in resolution.diagnostics],
    }


def _requirement(each: Requirement, rules: Policy) -> dict[str, Any]:
    verdict = judge(each, rules)
    return {
        "name": each.name,
        "requirement": each.text,
        "level": each.level,
        "installed_by_default": verdict.is_allowed,
        "reason": str(verdict),
        "alternatives": list(each.alternatives),
        "evidence": [_fields(evidence) for evidence in each.evidence],
    }


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value)._fields}
