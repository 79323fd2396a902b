"""`Resolution` + policy -> the names that may be put to a person before a run."""

from __future__ import annotations

from forerun.resolver.trust import accepted_guesses, doubt, refusals
from forerun.resolver.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from forerun.resolver.findings import Resolution, Unresolved
    from forerun.resolver.source import Source
    from forerun.resolver.trust import Policy, Verdict

    Consent = Callable[[tuple["Question", ...]], Iterable[str]]
    """Returns the names that a person allows."""


class Question(Value):
    """A distribution that the policy refuses and a person may allow: its canonical name, why, and where it is needed.

    `reason` is a sentence of ours; of the script's it has nothing but the name.
    """

    name: str
    reason: str
    path: str = ""
    line: int = 0


def questions(
    resolution: Resolution, rules: Policy, source: Source, environment: Mapping[str, str]
) -> tuple[Question, ...]:
    """Return what to ask, each name once; () where nothing is doubtful, or no answer would let the script run.

    `environment` holds the variables that the script will see.
    """
    refused = refusals(resolution, rules)
    # A verdict without a next step is final: the name is on the deny list.
    if any(not each.next_step for each in refused) or any(each.kind == "refused" for each in resolution.unresolved):
        return ()
    if may_be_elsewhere(source, environment):
        return ()
    asked = [_of_verdict(each, resolution) for each in refused]
    accepted = accepted_guesses(resolution, rules)
    unknown = [each for each in resolution.unresolved if each.guess and each.guess not in rules.deny]
    asked += [_of_guess(each) for each in unknown if each not in accepted]
    return tuple({each.name: each for each in asked}.values())


def may_be_elsewhere(source: Source, environment: Mapping[str, str]) -> bool:
    """Whether a module may well be found where nobody can see it: the script, or its user, extends its path."""
    return "sys.path" in source.text or bool(environment.get("PYTHONPATH"))


def _of_verdict(verdict: Verdict, resolution: Resolution) -> Question:
    needed = next(each for each in resolution.requirements if each.name == verdict.name)
    first = needed.evidence[0] if needed.evidence else None
    return Question(verdict.name, verdict.reason, first.path if first else "", first.line if first else 0)


def _of_guess(unknown: Unresolved) -> Question:
    return Question(unknown.guess, doubt(unknown.guess, "unknown"), unknown.path, unknown.line)
