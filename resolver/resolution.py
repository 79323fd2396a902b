"""The pipeline: `Source`s -> imports -> origins -> distributions -> `Resolution`."""

from __future__ import annotations

import os

from .errors import SourceError
from .findings import Diagnostic, Evidence, Requirement, Resolution, Unresolved
from .imports import find_imports
from .local import Neighbourhood
from .origin import Origins
from .selection import selected
from .source import from_file
from .syntax import why_not_python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .imports import Reading
    from .inline_metadata import InlineMetadata
    from .origin import Finding
    from .source import Source
    from .target import Target

MOST_FOLLOWED = 2_000
"""Local modules that are followed from one script; beyond that a tree should be resolved as a folder."""


def resolve_sources(
    sources: Sequence[Source],
    target: Target,
    *,
    root: str = "",
    import_map: Mapping[str, str] | None = None,
    diagnostics: Sequence[Diagnostic] = (),
) -> Resolution:
    """Return what scripts need together: their own block if there is one, else what their imports predict.

    `root` is the folder of a tree; `import_map` is the user's own map from import names to requirements. Never
    raises on any text, and never imports or runs what it reads.
    """
    neighbourhood = Neighbourhood(root)
    origins = Origins(target, neighbourhood, import_map)
    gathered = _Gathered(target, diagnostics)
    waiting, seen = list(sources), {os.path.abspath(source.path) for source in sources if source.path}
    while waiting:
        source = waiting.pop(0)
        reading = find_imports(source, target)
        findings = origins.of(reading, source)
        gathered.add(source, reading, findings, is_main=source in sources)
        waiting.extend(_followed(findings, source, seen, gathered))
    return gathered.with_blocks(sources).resolution()


def _followed(findings: Iterable[Finding], source: Source, seen: set[str], gathered: _Gathered) -> list[Source]:
    """Read the local modules that a source imports and that were not read before."""
    found = []
    for finding in findings:
        for path in finding.files:
            if path.endswith((".py", ".pyw")) and path not in seen and len(seen) < MOST_FOLLOWED:
                seen.add(path)
                try:
                    found.append(from_file(path, source.author))
                except SourceError as error:
                    gathered.diagnostics.append(Diagnostic(path, 0, error.reason))
    return found


def _block(source: Source) -> InlineMetadata | None:
    if "# /// script" not in source.text:
        return None
    from .inline_metadata import inline_metadata

    return inline_metadata(source.text)


class _Gathered:
    """Collects what the sources need, then sorts it into a Resolution."""

    def __init__(self, target: Target, diagnostics: Iterable[Diagnostic]) -> None:
        self.target = target
        self.diagnostics = list(diagnostics)
        self._needed: dict[str, Requirement] = {}
        self._optional: dict[str, Requirement] = {}
        self._unresolved: dict[tuple[str, str], Unresolved] = {}
        self._standard: set[str] = set()
        self._local: set[str] = set()
        self._declared: list[Requirement] | None = None
        self._refused: list[Unresolved] = []
        self._requires_python = ""

    def add(self, source: Source, reading: Reading, findings: Sequence[Finding], *, is_main: bool) -> None:
        """Take in one source."""
        self.diagnostics.extend(Diagnostic(source.name, 0, note) for note in source.notes)
        if reading.problem:
            why = why_not_python(reading.problem, reading.problem_line, source.text, self.target)
            cannot_run = reading.problem_line > 0 or "null bytes" in reading.problem
            self.diagnostics.append(Diagnostic(source.name, reading.problem_line, why, is_main and cannot_run))
        needed = selected(findings)
        for finding in findings:
            self._sort_in(finding, source, is_needed=finding in needed)

    def _sort_in(self, finding: Finding, source: Source, *, is_needed: bool) -> None:
        each = finding.found
        if finding.origin == "standard library":
            self._standard.add(each.top)
        elif finding.origin == "local":
            self._local.add(each.top or "." * each.level)
        elif finding.origin == "missing":
            if is_needed:
                key = (finding.module, source.path)
                self._unresolved.setdefault(key, _unresolved(finding, source))
        for candidate in finding.candidates:
            evidence = Evidence(each.module, source.name, each.line, candidate.rule)
            made = Requirement(
                candidate.distribution, candidate.level, marker=candidate.marker, evidence=(evidence,),
                alternatives=candidate.alternatives,
            )  # fmt: skip
            _merge(self._needed if is_needed else self._optional, made)

    def with_blocks(self, sources: Sequence[Source]) -> _Gathered:
        """Let the scripts' own blocks (PEP 723) take the place of the prediction."""
        blocks = [(source, block) for source in sources if (block := _block(source))]
        for source, block in blocks:
            if block.problem:
                self.diagnostics.append(Diagnostic(source.name, block.line, block.problem, is_fatal=True))
            elif block.dependencies is not None:
                self._declare(source, block)
            if block.has_uv_settings:
                ignored = "its [tool.uv] settings are not read: only dependencies and requires-python are"
                self.diagnostics.append(Diagnostic(source.name, block.line, ignored))
            self._requires_python = block.requires_python
        return self

    def _declare(self, source: Source, block: InlineMetadata) -> None:
        from .declared import declared_requirements

        good, bad = declared_requirements(
            block.dependencies or (), source.author, source.name, block.line, "script block (PEP 723)"
        )
        self._declared = [*(self._declared or ()), *good]
        self._refused.extend(bad)

    def resolution(self) -> Resolution:
        """Return everything gathered, in an order that does not depend on the order of the imports."""
        needed, unresolved = self._needed, list(self._unresolved.values())
        if self._declared is not None:
            covered = {each.name for each in self._declared}
            for missing in sorted(set(needed) - covered):
                self.diagnostics.append(_not_covered(needed[missing]))
            # A block is the whole answer: a name may stand in it more than once, with different markers.
            requirements, unresolved = tuple(self._declared), self._refused
        else:
            requirements = tuple(needed[name] for name in sorted(needed))
        optional = tuple(self._optional[name] for name in sorted(self._optional) if name not in needed)
        return Resolution(
            self.target,
            requirements,
            optional,
            tuple(sorted(unresolved, key=lambda each: (each.path, each.line, each.module))),
            tuple(sorted(self._standard)),
            tuple(sorted(self._local)),
            tuple(sorted(set(self.diagnostics), key=lambda each: (each.path, each.line, each.message))),
            self._declared is not None,
            self._requires_python,
        )


def _merge(into: dict[str, Requirement], made: Requirement) -> None:
    old = into.get(made.name)
    if old is None:
        into[made.name] = made
        return
    evidence = tuple(sorted({*old.evidence, *made.evidence}, key=lambda each: (each.path, each.line, each.module)))
    into[made.name] = old.replace(evidence=evidence, marker=old.marker if old.marker == made.marker else "")


def _unresolved(finding: Finding, source: Source) -> Unresolved:
    return Unresolved(
        finding.module, finding.kind, source.name, finding.found.line, finding.reason, finding.guess, finding.alternatives
    )


def _not_covered(requirement: Requirement) -> Diagnostic:
    first = requirement.evidence[0]
    return Diagnostic(
        first.path, first.line, f"imports {first.module}, and the script block does not name {requirement.name}"
    )
