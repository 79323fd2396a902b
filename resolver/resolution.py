"""The pipeline: `Source`s -> imports -> origins -> distributions -> `Resolution`."""

from __future__ import annotations

import os

from .errors import SourceError
from .findings import Diagnostic
from .gathering import Gathered
from .imports import find_imports
from .local import Neighbourhood
from .origin import Origins
from .project_files import project_files
from .source import from_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .findings import Resolution
    from .imports import Reading
    from .origin import Finding
    from .project_files import ProjectFiles
    from .source import Source
    from .target import Target

MOST_FOLLOWED = 2_000
"""Local modules that are followed from one script; beyond that a tree should be resolved as a folder."""

PATH_WORDS = ("sys.path", "path.append(", "path.insert(", "addsitedir")
"""A text without these adds nothing to `sys.path`."""


def resolve_sources(
    sources: Sequence[Source],
    target: Target,
    *,
    root: str = "",
    import_map: Mapping[str, str] | None = None,
    diagnostics: Sequence[Diagnostic] = (),
    with_hints: bool = True,
    reads_blocks: bool = True,
) -> Resolution:
    """Return what scripts need together: their own block if there is one, else what their imports predict.

    `root` is the folder of a tree; `import_map` is the user's own map from import names to requirements. Version
    hints constrain what is predicted, unless `with_hints` is false; without `reads_blocks` the scripts' own blocks
    (PEP 723) are passed over. Never raises on any text, and never imports or runs what it reads.
    """
    neighbourhood = Neighbourhood(root)
    origins = Origins(target, neighbourhood, import_map)
    gathered = Gathered(target, diagnostics, with_hints=with_hints, project=_project(sources, root))
    declaring = gathered.take_blocks(sources) if reads_blocks else [False] * len(sources)
    seen = {os.path.abspath(source.path) for source in sources if source.path}
    # What a script without a block imports is predicted, even where one with a block imports it too.
    for group in (True, False):
        waiting = [source for source, declares in zip(sources, declaring, strict=True) if declares is not group]
        count = len(waiting)
        for index, source in enumerate(waiting):
            reading = find_imports(source, target)
            if any(word in source.text for word in PATH_WORDS):
                source = _with_search_path(source, reading)
            findings = origins.of(reading, source)
            gathered.add(source, reading, findings, is_main=index < count, is_declared=not group)
            waiting.extend(_followed(findings, source, seen, gathered))
    return gathered.resolution()


def _project(sources: Sequence[Source], root: str) -> ProjectFiles | None:
    """Return the files of the project that a person's scripts belong to; a caller's scripts belong to none."""
    folder = root or (sources[0].folder if sources else "")
    is_a_persons = all(source.author == "person" for source in sources)
    return project_files(folder) if folder and is_a_persons else None


def _with_search_path(source: Source, reading: Reading) -> Source:
    from .search_path import added_folders

    folders = (*added_folders(source, reading), *source.search_path)
    return source.replace(search_path=tuple(dict.fromkeys(folders)))


def _followed(findings: Iterable[Finding], source: Source, seen: set[str], gathered: Gathered) -> list[Source]:
    """Read the local modules that a source imports and that were not read before."""
    found = []
    for finding in findings:
        for path in finding.files:
            if path.endswith((".py", ".pyw")) and path not in seen and len(seen) < MOST_FOLLOWED:
                seen.add(path)
                try:
                    read = from_file(path, source.author)
                    folders = tuple(dict.fromkeys((*source.search_path, source.folder)))
                    found.append(read.replace(beside=source.beside, search_path=folders))
                except SourceError as error:
                    gathered.diagnostics.append(Diagnostic(path, 0, error.reason))
    return found
