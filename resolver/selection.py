"""Findings -> those that the script needs on the target: circumstances weighed, alternatives chosen."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .origin import Finding


def selected(findings: Sequence[Finding]) -> list[Finding]:
    """Return the needed findings, in order.

    Of the branches of a `try` that import alternatives, the first that needs no distribution is taken; where every
    branch needs one, the first for which there is one.
    """
    needed = [each for each in findings if each.found.is_needed]
    choices: dict[int, list[tuple[int, Finding]]] = {}
    for each in needed:
        for line, branch in each.found.choices:
            choices.setdefault(line, []).append((branch, each))
    dropped: set[int] = set()
    # Inner choices stand on later lines than the try around them, so they are settled first.
    for line in sorted(choices, reverse=True):
        members = [(branch, each) for branch, each in choices[line] if id(each) not in dropped]
        best = _best_branch(members)
        dropped.update(id(each) for branch, each in members if branch != best)
    return [each for each in needed if id(each) not in dropped]


def _best_branch(members: Iterable[tuple[int, Finding]]) -> int:
    branches: dict[int, list[Finding]] = {}
    for index, each in members:
        branches.setdefault(index, []).append(each)
    return min(branches, key=lambda index: (_cost(branches[index]), index))


def _cost(branch: Iterable[Finding]) -> int:
    """Return 0 for imports that need nothing, 1 for those that distributions provide, 2 where one is missing."""
    origins = {each.origin for each in branch}
    return 2 if "missing" in origins else int("third party" in origins)
