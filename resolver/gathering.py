"""Findings of one source after another -> `Resolution`: what is needed, what is not, and what is wrong."""

from __future__ import annotations

from .findings import Diagnostic, Evidence, Requirement, Resolution, Unresolved
from .merging import merged, settle_choices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .inline_metadata import InlineMetadata
    from .looking import Look
    from .origin import Finding
    from .pip_hints import PipHint
    from .project_files import ProjectFiles
    from .source import Source
    from .target import Target


MOST_LINES = 1_000
"""Lines of a script that are kept as evidence of one import; what imports it more often says nothing new."""


class Gathered:
    """Collects what the sources need, then sorts it into a Resolution."""

    def __init__(self, target: Target, diagnostics: Iterable[Diagnostic], project: ProjectFiles | None) -> None:
        self.target = target
        self._project = project
        self.diagnostics = list(diagnostics)
        self._needed: dict[str, list[Requirement]] = {}
        self._implied: dict[str, list[Requirement]] = {}
        self._optional: dict[str, list[Requirement]] = {}
        self._covered: dict[str, list[Requirement]] = {}
        self._lines: dict[tuple[int, bool, bool], int] = {}
        self._unresolved: dict[tuple[str, str], Unresolved] = {}
        self._standard: set[str] = set()
        self._local: set[str] = set()
        self._third_party: set[str] = set()
        self._declared: list[Requirement] = []
        self._refused: list[Unresolved] = []
        self._hints: list[tuple[str, PipHint]] = []
        self._requires_python = ""
        self._uv_settings = ""

    def add(self, look: Look) -> None:
        """Take in one source; where its block declares its requirements, imports are only compared with them."""
        self.diagnostics.extend(look.diagnostics)
        source = look.source
        self._lines.clear()
        for finding in look.needed:
            self._sort_in(finding, source, self._covered if look.is_declared else self._needed)
            if finding.origin == "missing" and not look.is_declared:
                self._unresolved.setdefault((finding.module, source.path), _unresolved(finding, source))
        for finding in look.optional:
            self._sort_in(finding, source, self._optional)
        for need in look.implied:
            self._implied.setdefault(need.name, []).append(need)
        for constraint in look.constraints:
            self._needed.setdefault(constraint.name, []).append(constraint)
        self._hints.extend((source.name, hint) for hint in look.hints)

    def _sort_in(self, finding: Finding, source: Source, into: dict[str, list[Requirement]]) -> None:
        each = finding.found
        if finding.origin == "standard library":
            self._standard.add(each.top)
        elif finding.origin == "local":
            self._local.add(each.top or "." * each.level)
        else:
            self._third_party.add(each.top or "." * each.level)
        is_lazy = "lazy" in each.circumstances or "dynamic" in each.circumstances
        for candidate in finding.candidates:
            alike = (id(candidate), is_lazy, into is self._optional)
            self._lines[alike] = self._lines.get(alike, 0) + 1
            if self._lines[alike] > MOST_LINES:
                continue
            evidence = Evidence(each.module, source.name, each.line, candidate.rule)
            made = Requirement(
                candidate.distribution, candidate.level, candidate.specifier, candidate.extras, candidate.marker,
                evidence=(evidence,),
                alternatives=candidate.alternatives, is_lazy=is_lazy, is_told=candidate.is_told,
            )  # fmt: skip
            into.setdefault(made.name, []).append(made)

    def take_block(self, look: Look, *, is_alone: bool) -> None:
        """Take in a script's own block (PEP 723), if it has one; `is_alone` says that no other script is read."""
        source, block = look.source, look.block
        if block is None:
            return
        problem = block.problem or block.problem_on(self.target)
        if problem:
            self.diagnostics.append(Diagnostic(source.name, block.line, problem, "declaration"))
        if block.dependencies is not None:
            self._declare(source, block)
        if block.has_uv_settings and source.author == "caller":
            reason = "a script block that arrives through a tool call may not have [tool.uv] settings"
            self._refused.append(Unresolved("tool.uv", "refused", source.name, block.line, reason))
        elif block.has_uv_settings and is_alone:
            from .uv_settings import uv_settings

            self._uv_settings = uv_settings(block.content, source.folder, self.target)
        elif block.has_uv_settings:
            ignored = "its [tool.uv] settings are not read, since other scripts are read with it"
            self.diagnostics.append(Diagnostic(source.name, block.line, ignored))
        self._requires_python = block.requires_python

    def _declare(self, source: Source, block: InlineMetadata) -> None:
        from .declared import declared_requirements

        for text, (line, column) in zip(block.dependencies or (), block.places, strict=True):
            good, bad = declared_requirements([text], source.author, source.name, line, "script block (PEP 723)")
            self._declared.extend(good)
            self._refused.extend(each.replace(reason=f"{each.reason} (column {column})") for each in bad)

    def _take_implied(self) -> None:
        """Add what is needed without an import, unless something that is needed anyway brings the same."""
        from .brought import brought_by

        # An older release, under a version hint, may have required less.
        current = [name for name, made in self._needed.items() if not any(each.specifier for each in made)]
        brought = {each for name in current for each in brought_by(name)}
        for name, made in self._implied.items():
            is_plain = not any(each.specifier or each.extras for each in made)
            if name in self._needed or name not in brought or not is_plain:
                self._needed.setdefault(name, []).extend(made)

    def _take_hints(self, declared: set[str]) -> None:
        """Let `pip install` lines choose versions and among alternatives, and add what nothing imports.

        What a line adds has the trust that its name has by itself; a name without any is left out, and named.
        """
        from .declared import declared_requirement

        instead_of = {
            other: name for name, made in self._needed.items() for each in made for other in each.alternatives
        }
        for path, hint in self._hints:
            evidence = Evidence(hint.text, path, hint.line, f"a pip install line names {hint.text}")
            made = declared_requirement(hint.text, "caller", evidence)
            if not isinstance(made, Requirement) or made.name in declared:
                continue
            instead = instead_of.get(made.name, "")
            if instead in self._needed:
                self._needed[made.name] = [each.replace(name=made.name) for each in self._needed.pop(instead)]
            asking = [key for key, each in self._unresolved.items() if made.name in each.alternatives]
            for key in asking:
                del self._unresolved[key]
            if made.name in self._needed or made.level in ("curated", "popular"):
                self._needed.setdefault(made.name, []).append(made)
            else:
                note = f"a pip install line names {made.name}, which is only {made.level} and not imported: left out"
                self.diagnostics.append(Diagnostic(path, hint.line, note))

    def _take_project(self) -> None:
        """Let the project that the scripts belong to choose among names, and say versions."""
        needs = (self._needed, self._optional)
        made_all = [each for needed in needs for made in needed.values() for each in made]
        names = {name for each in made_all for name in (each.name, *each.alternatives)}
        names |= {name for each in self._unresolved.values() for name in (each.guess, *each.alternatives) if name}
        if not names or self._project is None or not self._project.mention(names):
            return
        from .project import declarations
        from .project_versions import ProjectVersions

        declared = declarations(self._project, self.target, names)
        versions = ProjectVersions(declared, self.target)
        for key, unknown in list(self._unresolved.items()):
            found = versions.resolved(unknown)
            if found:
                del self._unresolved[key]
                self._needed.setdefault(found.name, []).append(found)
        for needed in needs:
            versions.settle(needed)
        self.diagnostics.extend((*declared.problems, *versions.diagnostics))

    def resolution(self, *, is_declared: bool) -> Resolution:
        """Return everything gathered, in an order that does not depend on the order of the imports.

        `is_declared` says that the scripts' blocks are the whole answer.
        """
        declared = {each.name for each in self._declared}
        for missing in sorted(self._covered.keys() - declared):
            self.diagnostics.append(_not_covered(merged(self._covered[missing])))
        if self._implied:
            self._take_implied()
        if self._hints:
            self._take_hints(declared)
        self._take_project()
        settle_choices(self._needed)
        predicted = [merged(self._needed[name]) for name in sorted(self._needed.keys() - declared)]
        needed = self._needed.keys() | self._covered.keys()
        unresolved = [*self._unresolved.values(), *self._refused]
        return Resolution(
            self.target,
            # A name may stand in a block more than once, with different markers.
            (*self._declared, *predicted),
            tuple(merged(self._optional[name]) for name in sorted(self._optional.keys() - needed)),
            tuple(sorted(unresolved, key=lambda each: (each.path, each.line, each.module))),
            tuple(sorted(self._standard)),
            tuple(sorted(self._local)),
            tuple(sorted(set(self.diagnostics), key=lambda each: (each.path, each.line, each.message))),
            is_declared,
            self._requires_python,
            self._uv_settings,
            tuple(sorted(self._third_party)),
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
