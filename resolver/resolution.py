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
from .syntax import can_tell, why_not_python
from .trust import LEVELS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .findings import Concern
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
    declaring = gathered.take_blocks(sources)
    seen = {os.path.abspath(source.path) for source in sources if source.path}
    # What a script without a block imports is predicted, even where one with a block imports it too.
    for group in (True, False):
        waiting = [source for source, declares in zip(sources, declaring, strict=True) if declares is not group]
        count = len(waiting)
        for index, source in enumerate(waiting):
            reading = find_imports(source, target)
            findings = origins.of(reading, source)
            gathered.add(source, reading, findings, is_main=index < count, is_declared=not group)
            waiting.extend(_followed(findings, source, seen, gathered))
    return gathered.resolution()


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
        self._needed: dict[str, list[Requirement]] = {}
        self._optional: dict[str, list[Requirement]] = {}
        self._covered: dict[str, list[Requirement]] = {}
        self._unresolved: dict[tuple[str, str], Unresolved] = {}
        self._standard: set[str] = set()
        self._local: set[str] = set()
        self._declared: list[Requirement] = []
        self._refused: list[Unresolved] = []
        self._is_declared = False
        self._requires_python = ""

    def add(
        self,
        source: Source,
        reading: Reading,
        findings: Sequence[Finding],
        *,
        is_main: bool,
        is_declared: bool,
    ) -> None:
        """Take in one source; where its block declares its requirements, imports are only compared with them."""
        self.diagnostics.extend(Diagnostic(source.name, 0, note) for note in source.notes)
        if reading.problem:
            why = why_not_python(reading.problem, reading.problem_line, source.text, self.target)
            cannot_run = can_tell(self.target) and (reading.problem_line > 0 or "null bytes" in reading.problem)
            kind: Concern = "syntax" if is_main and cannot_run else "note"
            self.diagnostics.append(Diagnostic(source.name, reading.problem_line, why, kind))
        needed = {id(finding) for finding in selected(findings)}
        wanted = self._covered if is_declared else self._needed
        for finding in findings:
            is_needed = id(finding) in needed
            self._sort_in(finding, source, wanted if is_needed else self._optional)
            if finding.origin == "missing" and is_needed and not is_declared:
                self._unresolved.setdefault((finding.module, source.path), _unresolved(finding, source))

    def _sort_in(self, finding: Finding, source: Source, into: dict[str, list[Requirement]]) -> None:
        each = finding.found
        if finding.origin == "standard library":
            self._standard.add(each.top)
        elif finding.origin == "local":
            self._local.add(each.top or "." * each.level)
        for candidate in finding.candidates:
            evidence = Evidence(each.module, source.name, each.line, candidate.rule)
            is_lazy = "lazy" in each.circumstances or "dynamic" in each.circumstances
            made = Requirement(
                candidate.distribution, candidate.level, marker=candidate.marker, evidence=(evidence,),
                alternatives=candidate.alternatives, is_lazy=is_lazy,
            )  # fmt: skip
            into.setdefault(made.name, []).append(made)

    def take_blocks(self, sources: Sequence[Source]) -> list[bool]:
        """Take in the scripts' own blocks (PEP 723), and return for each script whether its block is its answer."""
        blocks = [_block(source) for source in sources]
        for source, block in zip(sources, blocks, strict=True):
            if block:
                self._take_block(source, block)
        declaring = [block is not None and block.dependencies is not None for block in blocks]
        self._is_declared = bool(declaring) and all(declaring)
        return declaring

    def _take_block(self, source: Source, block: InlineMetadata) -> None:
        problem = block.problem or block.problem_on(self.target)
        if problem:
            self.diagnostics.append(Diagnostic(source.name, block.line, problem, "declaration"))
        if block.dependencies is not None:
            self._declare(source, block)
        if block.has_uv_settings:
            ignored = "its [tool.uv] settings are not read: only dependencies and requires-python are"
            self.diagnostics.append(Diagnostic(source.name, block.line, ignored))
        self._requires_python = block.requires_python

    def _declare(self, source: Source, block: InlineMetadata) -> None:
        from .declared import declared_requirements

        good, bad = declared_requirements(
            block.dependencies or (), source.author, source.name, block.line, "script block (PEP 723)"
        )
        self._declared.extend(good)
        self._refused.extend(bad)

    def resolution(self) -> Resolution:
        """Return everything gathered, in an order that does not depend on the order of the imports."""
        declared = {each.name for each in self._declared}
        for missing in sorted(self._covered.keys() - declared):
            self.diagnostics.append(_not_covered(_merged(self._covered[missing])))
        predicted = [_merged(self._needed[name]) for name in sorted(self._needed.keys() - declared)]
        needed = self._needed.keys() | self._covered.keys()
        unresolved = [*self._unresolved.values(), *self._refused]
        return Resolution(
            self.target,
            # A name may stand in a block more than once, with different markers.
            (*self._declared, *predicted),
            tuple(_merged(self._optional[name]) for name in sorted(self._optional.keys() - needed)),
            tuple(sorted(unresolved, key=lambda each: (each.path, each.line, each.module))),
            tuple(sorted(self._standard)),
            tuple(sorted(self._local)),
            tuple(sorted(set(self.diagnostics), key=lambda each: (each.path, each.line, each.message))),
            self._is_declared,
            self._requires_python,
        )


def _merged(made: Sequence[Requirement]) -> Requirement:
    """Join what several imports need of one distribution, whatever their order: the surest of them decides."""
    best = min(made, key=lambda each: (LEVELS.index(each.level), each.alternatives))
    evidence = {each for one in made for each in one.evidence}
    markers = {each.marker for each in made}
    return best.replace(
        evidence=tuple(sorted(evidence, key=lambda each: (each.path, each.line, each.module, each.rule))),
        marker=best.marker if len(markers) == 1 else "",
        is_lazy=all(each.is_lazy for each in made),
    )


def _unresolved(finding: Finding, source: Source) -> Unresolved:
    return Unresolved(
        finding.module,
        finding.kind,
        source.name,
        finding.found.line,
        finding.reason,
        finding.guess,
        finding.alternatives,
    )


def _not_covered(requirement: Requirement) -> Diagnostic:
    first = requirement.evidence[0]
    return Diagnostic(
        first.path,
        first.line,
        f"imports {first.module}, and the script block does not name {requirement.name}",
    )
