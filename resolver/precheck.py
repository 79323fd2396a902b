"""`Resolution` + policy -> would the script run? A boolean, and one sentence a problem."""

from __future__ import annotations

from .report import unresolved_line
from .trust import accepted_guesses, refusals
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .findings import Diagnostic, Requirement, Resolution, Unresolved
    from .trust import Policy, Verdict


class Precheck(Value):
    """What stands between a script and a successful start, found out without running or installing anything.

    `would_run` is whether nothing known does: it parses on the target, and everything that it needs can be installed
    under the policy. `problems` has a sentence for each thing that does.
    """

    would_run: bool
    problems: tuple[str, ...]
    resolution: Resolution
    requirements: tuple[Requirement, ...]
    refused: tuple[Verdict, ...]
    unknown: tuple[Unresolved, ...]
    host_only: tuple[str, ...]
    local: tuple[str, ...]
    syntax: tuple[Diagnostic, ...]


def prechecked(resolution: Resolution, rules: Policy) -> Precheck:
    """Judge a resolution under a policy."""
    refused = refusals(resolution, rules)
    accepted = accepted_guesses(resolution, rules)
    lacking = tuple(each for each in resolution.unresolved if each not in accepted)
    syntax = tuple(each for each in resolution.diagnostics if each.is_fatal)
    problems = (
        *map(str, syntax),
        *map(str, refused),
        *map(unresolved_line, lacking),
    )
    host_only = tuple(each.module for each in lacking if each.kind == "host")
    unknown = tuple(each for each in lacking if each.kind != "host")
    return Precheck(
        not problems,
        problems,
        resolution,
        resolution.requirements,
        refused,
        unknown,
        host_only,
        resolution.local,
        syntax,
    )
