"""What scripts need + what their project declares -> the same needs, with the project's names and versions.

Nothing is added that nothing imports: a project's files say how to get what its scripts import.
"""

from __future__ import annotations

from .findings import Diagnostic, Evidence, Requirement
from .plain_requirement import plainly_contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .findings import Unresolved
    from .project import Declarations
    from .target import Target

    Needs = dict[str, list[Requirement]]


class ProjectVersions:
    """Answers, for one project and target, how a distribution is declared."""

    def __init__(self, declared: Declarations, target: Target) -> None:
        self._target = target
        self._required = self._by_name(declared.requirements)
        self._optional = self._by_name(declared.optional)
        self._constraints = self._by_name(declared.constraints)
        self._locked = {each.name: each for each in declared.locked}
        self.diagnostics: list[Diagnostic] = []

    def settle(self, needs: Needs) -> None:
        """Let the project choose among alternatives, and give each need its version."""
        for name in list(needs):
            others = (other for each in needs[name] for other in each.alternatives)
            chosen = name if self._declares(name) else next(filter(self._declares, others), name)
            if chosen != name:
                needs.setdefault(chosen, []).extend(each.replace(name=chosen) for each in needs.pop(name))
        for name, made in needs.items():
            declared = self._requirement(name)
            if declared:
                # The project's own versions stand against what old APIs suggest.
                freed = [each.replace(specifier="") for each in made] if declared.specifier or declared.url else made
                needs[name] = [*(each.replace(level=declared.level or each.level) for each in freed), declared]

    def resolved(self, unknown: Unresolved) -> Requirement | None:
        """Return the need that an import without a distribution leads to, since the project declares one for it."""
        names = [name for name in (unknown.guess, *unknown.alternatives) if name and self._declares(name)]
        if not names:
            return None
        evidence = Evidence(unknown.module, unknown.path, unknown.line, f"the project declares {names[0]}")
        return Requirement(names[0], "declared", evidence=(evidence,))

    def _declares(self, name: str) -> bool:
        return name in self._required or name in self._optional or name in self._locked

    def _requirement(self, name: str) -> Requirement | None:
        """Return one requirement for a name, of what the project requires, else of its extras, with its lock."""
        made = self._required.get(name) or self._optional.get(name, [])[:1]
        limits = self._constraints.get(name, [])
        pinned = self._locked.get(name)
        if pinned and self._contradicts(pinned, [*made, *limits]):
            pinned = None
        told = [*made, *limits, *([pinned] if pinned else [])]
        if not told:
            return None
        specifiers = [pinned.specifier] if pinned else [each.specifier for each in (*made, *limits)]
        return Requirement(
            name,
            "declared" if made or name in self._locked else "unknown",
            ",".join(sorted({each for each in specifiers if each})),
            tuple(sorted({extra for each in made for extra in each.extras})),
            url=next((each.url for each in made if each.url), ""),
            evidence=tuple(evidence for each in told for evidence in each.evidence),
        )

    def _contradicts(self, pinned: Requirement, declared: Iterable[Requirement]) -> bool:
        version = pinned.specifier.removeprefix("==")
        ruling = next((each for each in declared if not _contains(each.specifier, version)), None)
        if ruling is None:
            return False
        place = ruling.evidence[0]
        said = f"rules out {pinned.name} {version}, which is {pinned.evidence[0].rule}, so that lock is not followed"
        self.diagnostics.append(Diagnostic(place.path, place.line, said))
        return True

    def _by_name(self, requirements: Iterable[Requirement]) -> Mapping[str, list[Requirement]]:
        found: dict[str, list[Requirement]] = {}
        for each in requirements:
            if not each.marker or self._holds(each.marker):
                found.setdefault(each.name, []).append(each.replace(marker=""))
        return found

    def _holds(self, marker: str) -> bool:
        from .lock_file import marker_holds

        return marker_holds(marker, self._target)


def _contains(specifier: str, version: str) -> bool:
    plainly = plainly_contains(specifier, version)
    if plainly is not None:
        return plainly
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(specifier).contains(version, prereleases=True)
