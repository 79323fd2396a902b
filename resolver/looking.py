"""One script -> a `Look`: all that it adds to a resolution, small enough to be carried between processes."""

from __future__ import annotations

from .errors import SourceError
from .findings import Diagnostic
from .implicit import implicit_needs
from .imports import find_imports
from .local import Neighbourhood
from .origin import Origins
from .rules import Script
from .selection import selected
from .source import Source, from_file
from .value import Value
from .version_hints import version_hints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .findings import Concern, Requirement
    from .imports import Reading
    from .inline_metadata import InlineMetadata
    from .origin import Finding
    from .pip_hints import PipHint
    from .target import Target

    LookAtAll = Callable[["Looking", Sequence["Source | str"]], Iterable["Look"]]

MOST_MODULES = 10_000
"""Different modules of one source that are looked up; no program imports as many."""

BLOCK = "# /// script"
"""What a text with a script block (PEP 723) has in it."""

PATH_WORDS = ("sys.path", "path.append(", "path.insert(", "addsitedir")
"""A text without these adds nothing to `sys.path`."""


class Look(Value):
    """What one source says; `source` has no text any more.

    `needed` and `optional` are what it imports, `implied` what it needs without an import, `constraints` the versions
    under which it runs. Where its `block` (PEP 723) declares its requirements, imports are only compared with them.
    """

    source: Source
    needed: tuple[Finding, ...] = ()
    optional: tuple[Finding, ...] = ()
    implied: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    hints: tuple[PipHint, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    block: InlineMetadata | None = None
    is_declared: bool = False


class Looking:
    """Looks at sources for one target and one neighbourhood of local files. Never raises on any text."""

    def __init__(
        self,
        target: Target,
        *,
        root: str = "",
        import_map: Mapping[str, str] | None = None,
        with_hints: bool = True,
        reads_blocks: bool = True,
    ) -> None:
        self._target = target
        self._origins = Origins(target, Neighbourhood(root), import_map)
        self._with_hints = with_hints
        self._reads_blocks = reads_blocks

    def at(self, item: Source | str) -> Look:
        """Look at a script; one of which the path is given is read first."""
        try:
            source = from_file(item) if isinstance(item, str) else item
        except SourceError as error:
            return Look(Source("", error.path), diagnostics=(Diagnostic(error.path, 0, error.reason),))
        block = _block(source) if self._reads_blocks else None
        is_declared = block is not None and block.dependencies is not None
        return self.below(source, is_declared=is_declared, is_main=True).replace(block=block)

    def below(self, source: Source, *, is_declared: bool, is_main: bool = False) -> Look:
        """Look at a source that another one imports, and for which that one's block declares, or does not."""
        reading, problems = _bounded(find_imports(source, self._target), source)
        if any(word in source.text for word in PATH_WORDS):
            source = _with_search_path(source, reading)
        findings = self._origins.of(reading, source)
        needed = selected(findings)
        chosen = {id(each) for each in needed}
        look = Look(
            source.replace(text="", notes=(), cells=(), not_executed=""),
            tuple(_once(needed)),
            tuple(_once(each for each in findings if id(each) not in chosen)),
            diagnostics=(*self._problems(source, reading, is_main=is_main), *problems),
            is_declared=is_declared,
        )
        return self._with_rules(look, source, reading)

    def _problems(self, source: Source, reading: Reading, *, is_main: bool) -> Iterable[Diagnostic]:
        yield from (Diagnostic(source.name, 0, note) for note in source.notes)
        # That a notebook has such lines is no news, and a tree may have many notebooks.
        if source.not_executed and source.kind != "notebook":
            yield Diagnostic(source.name, 0, source.not_executed)
        if reading.problem:
            from .syntax import cannot_run, why_not_python

            why = why_not_python(reading.problem, reading.problem_line, source.text, self._target)
            is_certain = cannot_run(reading.problem, reading.problem_line, source.text, self._target)
            kind: Concern = "syntax" if is_main and is_certain else "note"
            yield Diagnostic(source.name, reading.problem_line, why, kind)

    def _with_rules(self, look: Look, source: Source, reading: Reading) -> Look:
        """Add what the script needs without importing it, and the versions under which it still runs."""
        if not look.is_declared:
            look = look.replace(hints=tuple(_pip_hints(source)))
        if reading.tree is None:
            return look
        modules = frozenset(
            each.found.top for each in look.needed if each.origin in ("third party", "standard library")
        )
        script = Script(modules, reading.imports, source.text, reading.tree)
        if not look.is_declared:
            look = look.replace(implied=tuple(implicit_needs(script, source.name)))
        if self._with_hints:
            constraints, notes = version_hints(script, source.name, self._target)
            look = look.replace(
                constraints=() if look.is_declared else tuple(constraints), diagnostics=(*look.diagnostics, *notes)
            )
        return look


def _bounded(reading: Reading, source: Source) -> tuple[Reading, Sequence[Diagnostic]]:
    """Return a reading without what is beyond `MOST_MODULES`, and a note that says so."""
    if len(reading.imports) <= MOST_MODULES:
        return reading, ()
    seen: set[tuple[str, int]] = set()
    for index, each in enumerate(reading.imports):
        seen.add((each.module, each.level))
        if len(seen) > MOST_MODULES:
            note = f"imports more than {MOST_MODULES:,} different modules; from here on they are not looked at"
            return reading.replace(imports=reading.imports[:index]), (Diagnostic(source.name, each.line, note),)
    return reading, ()


def _once(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Yield findings without repeated ones of the standard library, of which only the names count."""
    seen: set[str] = set()
    for each in findings:
        if each.origin != "standard library" or each.found.top not in seen:
            yield each
        if each.origin == "standard library":
            seen.add(each.found.top)


def one_by_one(looking: Looking, items: Sequence[Source | str]) -> Iterable[Look]:
    """Look at each script in turn."""
    return map(looking.at, items)


def _pip_hints(source: Source) -> Sequence[PipHint]:
    if "install " not in source.text and "uv add " not in source.text:
        return ()
    from .pip_hints import pip_hints

    return pip_hints(source.text)


def _block(source: Source) -> InlineMetadata | None:
    if BLOCK not in source.text:
        return None
    from .inline_metadata import inline_metadata

    return inline_metadata(source.text)


def _with_search_path(source: Source, reading: Reading) -> Source:
    from .search_path import added_folders

    folders = (*added_folders(source, reading), *source.search_path)
    return source.replace(search_path=tuple(dict.fromkeys(folders)))
