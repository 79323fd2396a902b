"""Requirement + policy -> allowed or refused, with the reason and the operator's next step."""

from __future__ import annotations

from .errors import ResolverError
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from .findings import Requirement, Resolution, Unresolved

    TrustLevel = Literal["declared", "curated", "popular", "registered", "any"]

LEVELS = ("declared", "curated", "popular", "registered", "unknown")
TRUST_CHOICES = ("declared", "curated", "popular", "registered", "any")


class Policy(Value):
    """What may be installed: everything at `trust` or better, and `allow`; never what is in `deny`.

    Source distributions of `allow_build` may be built beside those that always may; with `no_build` no others.
    `exclude_newer` is a date or time (RFC 3339) after which releases are passed over, or "".
    """

    trust: TrustLevel = "popular"
    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    no_build: bool = False
    allow_build: frozenset[str] = frozenset()
    exclude_newer: str = ""


class Verdict(Value):
    """Whether a distribution may be installed; `reason` and `next_step` are for people, "" where it may."""

    name: str
    is_allowed: bool
    reason: str = ""
    next_step: str = ""

    def __str__(self) -> str:
        return f"{self.reason}; {self.next_step}" if self.next_step else self.reason


def policy(
    trust: TrustLevel = "popular",
    allow: Iterable[str] = (),
    deny: Iterable[str] = (),
    *,
    no_build: bool = False,
    allow_build: Iterable[str] = (),
    exclude_newer: str = "",
) -> Policy:
    """Return a policy; names are taken in any spelling (PEP 503).

    Raises:
        ResolverError: something is no distribution's name, or `exclude_newer` no date.
    """
    if exclude_newer and not _is_date(exclude_newer):
        raise ResolverError(f"{exclude_newer!r} is not a date; write it like 2026-01-31 or 2026-01-31T12:00:00Z")
    names = (frozenset(map(distribution_name, each)) for each in (allow, deny, allow_build))
    allowed, denied, built = names
    return Policy(trust, allowed, denied, no_build, built, exclude_newer)


def over_settings(rules: Policy, allow: Iterable[str], deny: Iterable[str]) -> Policy:
    """Return a policy with the lists of a weaker authority added: where the two disagree, `rules` stand.

    Raises:
        ResolverError: something is no distribution's name.
    """
    weaker = policy(allow=allow, deny=deny)
    denied = rules.deny | weaker.deny - rules.allow
    return rules.replace(allow=rules.allow | weaker.allow - denied, deny=denied)


def _is_date(text: str) -> bool:
    """Whether a text is a date or, with its zone, a time as RFC 3339 writes them."""
    from datetime import date, datetime

    try:
        if len(text) == 10:
            return bool(date.fromisoformat(text))
        return datetime.fromisoformat(text).tzinfo is not None and text[10:11] in ("T", "t", " ")
    except ValueError:
        return False


def distribution_name(text: str) -> str:
    """Return the canonical name (PEP 503) that a person gave in any spelling.

    Raises:
        ResolverError: it is no distribution's name.
    """
    from .names import canonical

    name = canonical(text.strip())
    if not name:
        raise ResolverError(f"{text!r} is no distribution's name; give one name, without a version")
    return name


def judge(requirement: Requirement, rules: Policy) -> Verdict:
    """Return whether a requirement may be installed under a policy."""
    name = requirement.name
    if name in rules.deny:
        return Verdict(name, False, f"{name} is on the deny list")
    allowed_to = len(LEVELS) - 1 if rules.trust == "any" else LEVELS.index(rules.trust)
    if name in rules.allow or LEVELS.index(requirement.level) <= allowed_to:
        return Verdict(name, True)
    if rules.trust in ("declared", "curated"):
        return Verdict(name, False, f"{name} is only {requirement.level}", f"allow it with --allow {name}")
    return Verdict(name, False, doubt(name, requirement.level), f"if you know it, allow it with --allow {name}")


def refusals(resolution: Resolution, rules: Policy) -> tuple[Verdict, ...]:
    """Return the verdict on each requirement that may not be installed."""
    verdicts = (judge(each, rules) for each in resolution.requirements)
    return tuple(each for each in verdicts if not each.is_allowed)


def accepted_guesses(resolution: Resolution, rules: Policy) -> tuple[Unresolved, ...]:
    """Return the unknown names that the operator explicitly lets in, by name or with trust `any`."""
    return tuple(
        each
        for each in resolution.unresolved
        if each.guess and each.guess not in rules.deny and (rules.trust == "any" or each.guess in rules.allow)
    )


def doubt(name: str, level: str) -> str:
    """Return why a name below `popular` is not trusted, and which popular one it looks like."""
    known = "is on the package index but neither curated nor popular"
    reason = known if level == "registered" else "is not known to the package index"
    from .near_names import nearest_popular

    near = nearest_popular(name)
    return f"{name} {reason}" + (f" (did you mean {near}?)" if near else "")
