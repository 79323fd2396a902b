"""What several imports and files need -> one requirement a distribution, and one distribution a module."""

from __future__ import annotations

from .trust import LEVELS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .findings import Requirement

    Needed = dict[str, list[Requirement]]


def merged(made: Sequence[Requirement]) -> Requirement:
    """Join what several imports need of one distribution, whatever their order: the surest of them decides."""
    best = min(made, key=lambda each: (LEVELS.index(each.level), each.alternatives))
    evidence = {each for one in made for each in one.evidence}
    markers = {each.marker for each in made}
    return best.replace(
        specifier=",".join(sorted({each.specifier for each in made} - {""})),
        extras=tuple(sorted({extra for each in made for extra in each.extras})),
        evidence=tuple(sorted(evidence, key=lambda each: (each.path, each.line, each.module, each.rule))),
        marker=best.marker if len(markers) == 1 else "",
        is_lazy=all(each.is_lazy for each in made),
        is_told=any(each.is_told for each in made),
    )


def settle_choices(needed: Needed) -> None:
    """Let one distribution provide a module where several files chose differently: their files would overwrite.

    One that the code of some file tells (`cv2.imshow`) goes before the one that is taken where nothing decides; of two
    that are told the first by name is taken.
    """
    for winner in sorted(needed, key=lambda name: (not any(each.is_told for each in needed[name]), name)):
        for loser in _rivals(winner, needed) if winner in needed else ():
            if _modules(needed[loser]) <= _modules(needed[winner]):
                given_up, kept = needed.pop(loser), needed[winner][0].alternatives
                needed[winner] += [each.replace(name=winner, alternatives=kept) for each in given_up]


def _rivals(name: str, needed: Needed) -> list[str]:
    others = {other for each in needed.get(name, ()) for other in each.alternatives}
    return sorted(other for other in others - {name} if other in needed)


def _modules(made: Sequence[Requirement]) -> set[str]:
    return {each.module.partition(".")[0] for one in made for each in one.evidence}
