"""Findings -> those that the script needs on the target: circumstances weighed, alternatives chosen."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .origin import Finding


def selected(findings: Sequence[Finding]) -> list[Finding]:
    """Return the needed findings, in order.

    Of the branches of a `try` that import alternatives, the first that needs no distribution is taken; where every
    branch needs one, the first.
    """
    needed = [each for each in findings if each.found.is_needed]
    # Inner choices stand on later lines than the try around them, so they are settled first.
    for group in sorted({choice[0] for each in needed for choice in each.found.choices}, reverse=True):
        branch = _best_branch([each for each in needed if any(choice[0] == group for choice in each.found.choices)], group)
        needed = [each for each in needed if all(choice[0] != group or choice[1] == branch for choice in each.found.choices)]
    return needed


def _best_branch(members: Iterable[Finding], group: int) -> int:
    branches: dict[int, bool] = {}
    for each in members:
        index = next(branch for line, branch in each.found.choices if line == group)
        is_free = each.origin in ("standard library", "local")
        branches[index] = branches.get(index, True) and is_free
    free = [index for index in sorted(branches) if branches[index]]
    return free[0] if free else min(branches)
