"""The pipeline: `Source`s -> imports -> origins -> distributions -> `Resolution`."""

from __future__ import annotations

import os

from .errors import SourceError
from .findings import Diagnostic
from .gathering import Gathered
from .looking import Looking, one_by_one
from .project_files import project_files
from .source import Source, from_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .findings import Resolution
    from .looking import Look, LookAtAll
    from .project_files import ProjectFiles
    from .target import Target

MOST_FOLLOWED = 2_000
"""Local modules that are followed from one script; beyond that a tree should be resolved as a folder."""


def resolve_sources(
    sources: Sequence[Source | str],
    target: Target,
    *,
    root: str = "",
    import_map: Mapping[str, str] | None = None,
    diagnostics: Sequence[Diagnostic] = (),
    with_hints: bool = True,
    reads_blocks: bool = True,
    look_at_all: LookAtAll = one_by_one,
) -> Resolution:
    """Return what scripts need together: their own block if there is one, else what their imports predict.

    A source may be the path of a file that is read when its turn comes; one that cannot be read is a diagnostic.
    `root` is the folder of a tree; `import_map` is the user's own map from import names to requirements. Version
    hints constrain what is predicted, unless `with_hints` is false; without `reads_blocks` the scripts' own blocks
    (PEP 723) are passed over. `look_at_all` may look at several sources at once, if it keeps their order. Never raises
    on any text, and never imports or runs what it reads.
    """
    looking = Looking(target, root=root, import_map=import_map, with_hints=with_hints, reads_blocks=reads_blocks)
    gathered = Gathered(target, diagnostics, _project(sources, root))
    following = _Following(looking, gathered, sources)
    declared = []
    for look in look_at_all(looking, sources):
        gathered.take_block(look, is_alone=len(sources) == 1)
        if look.is_declared:
            declared.append(look)
        else:
            following.take(look)
    following.finish()
    # What a script without a block imports is predicted, even where one with a block imports it too.
    for look in declared:
        following.take(look)
    following.finish()
    return gathered.resolution(is_declared=0 < len(sources) == len(declared))


def _project(sources: Sequence[Source | str], root: str) -> ProjectFiles | None:
    """Return the files of the project that a person's scripts belong to; a caller's scripts belong to none."""
    read = [each for each in sources if isinstance(each, Source)]
    folder = root or (read[0].project or read[0].folder if read else "")
    is_a_persons = all(source.author == "person" for source in read)
    return project_files(folder) if folder and is_a_persons else None


class _Following:
    """Takes in looks, and the local modules that they import and that were not read before."""

    def __init__(self, looking: Looking, gathered: Gathered, sources: Iterable[Source | str]) -> None:
        self._looking = looking
        self._gathered = gathered
        paths = (each if isinstance(each, str) else each.path for each in sources)
        self._seen = {os.path.abspath(path) for path in paths if path}
        self._followed = 0
        self._waiting: list[tuple[str, Look]] = []

    def take(self, look: Look) -> None:
        """Take in one look, and remember what it leads to."""
        self._gathered.add(look)
        for finding in (*look.needed, *look.optional):
            for path in finding.files:
                if path.endswith((".py", ".pyw")) and path not in self._seen and self._followed < MOST_FOLLOWED:
                    self._seen.add(path)
                    self._followed += 1
                    self._waiting.append((path, look))

    def finish(self) -> None:
        """Look at everything that waits, and at what that leads to."""
        while self._waiting:
            path, look = self._waiting.pop()
            importer = look.source
            try:
                read = from_file(path, importer.author)
            except SourceError as error:
                self._gathered.diagnostics.append(Diagnostic(path, 0, error.reason))
                continue
            folders = tuple(dict.fromkeys((*importer.search_path, importer.folder)))
            source = read.replace(beside=importer.beside, search_path=folders)
            self.take(self._looking.below(source, is_declared=look.is_declared))
