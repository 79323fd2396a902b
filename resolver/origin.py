"""Import -> where it comes from on a target: standard library, a local file, a host program, or a distribution."""

from __future__ import annotations

import os

from .import_map import DEEPEST, Candidate, look_up_names
from .import_table import row
from .names import canonical
from .names_in_use import NamesInUse
from .standard_library import python2_library, standard_library
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from .findings import Kind
    from .imports import Reading
    from .local import Neighbourhood, Start
    from .source import Source
    from .statements import Import
    from .target import Target

    Origin = Literal["standard library", "local", "third party", "missing"]


MOST_KEPT = 10_000
"""Different imports whose providers are remembered."""


class Finding(Value):
    """One import with its origin: local files, or candidates, or why there is neither."""

    found: Import
    origin: Origin
    module: str = ""
    candidates: tuple[Candidate, ...] = ()
    files: tuple[str, ...] = ()
    kind: Kind = "unknown"
    reason: str = ""
    guess: str = ""
    alternatives: tuple[str, ...] = ()


class Origins:
    """Tells where imports come from, for one target and one neighbourhood of local files."""

    def __init__(self, target: Target, neighbourhood: Neighbourhood, own_map: Mapping[str, str] | None) -> None:
        self._target = target
        self._neighbourhood = neighbourhood
        self._own_map = own_map
        self._standard = standard_library(target)
        self._folder = ""
        self._starts: tuple[Start, ...] = ()
        self._files: dict[tuple[object, ...], tuple[str, ...]] = {}
        self._providers: dict[tuple[str, tuple[str, ...]], list[Candidate]] = {}

    def of(self, reading: Reading, source: Source) -> list[Finding]:
        """Return a Finding for each import of a source; one for each missing name where an import has several."""
        clues = NamesInUse(reading.imports, reading.tree)
        starts = self._neighbourhood.starts(source)
        if (source.folder, starts) != (self._folder, self._starts):
            self._folder, self._starts, self._files = source.folder, starts, {}
        is_python2 = reading.tree is None and reading.problem_line > 0
        findings: list[Finding] = []
        known: dict[tuple[object, ...], list[Finding]] = {}
        for each in reading.imports:
            asked = (each.module, each.names, each.level)
            if asked not in known:
                known[asked] = self._of_import(each, source, clues, is_python2)
            findings.extend(
                finding if finding.found is each else finding.replace(found=each) for finding in known[asked]
            )
        return findings

    def _of_import(self, each: Import, source: Source, clues: NamesInUse, is_python2: bool) -> list[Finding]:
        if each.level == 0 and (each.top in self._standard or each.top == "__main__"):
            return [Finding(each, "standard library", each.module)]
        files = self._local_files(each)
        if files or each.level:
            return [Finding(each, "local", each.module, files=tuple(path for path in files if source.sees(path)))]
        if each.top not in (self._own_map or ()):
            special = self._host(each) or self._removed(each) or self._python2(each, is_python2)
            if special:
                return [special]
        return self._third_party(each, clues)

    def _local_files(self, each: Import) -> tuple[str, ...]:
        """Return the files that an import runs: the packages on the way, the module, and modules named after it."""
        folder = self._folder
        if not folder:
            return ()
        asked = (each.module, each.names, each.level)
        if asked in self._files:
            return self._files[asked]
        parts = each.module.split(".")[:DEEPEST] if each.module else []
        wanted = [".".join(parts[:size]) for size in range(1, len(parts) + 1)] or [""]
        wanted += [f"{each.module}.{name}".lstrip(".") for name in each.names if name != "*"]
        found = dict.fromkeys(self._path_of(module, folder, each.level) for module in wanted)
        self._files[asked] = tuple(_file_of(path) for path in found if path)
        return self._files[asked]

    def _path_of(self, module: str, folder: str, level: int) -> str | None:
        if level:
            return self._neighbourhood.find_relative(module, folder, level)
        return self._neighbourhood.find(module, self._starts)

    def _host(self, each: Import) -> Finding | None:
        parts = each.module.split(".")[:DEEPEST]
        prefixes = [".".join(parts[:size]) for size in range(len(parts), 0, -1)]
        for name in (*(f"{each.module}.{name}" for name in each.names[:1]), *prefixes):
            host = row("hosts", name)
            if host:
                reason = f"{name} comes with {host[0]} and no package index has it; run the script inside {host[0]}"
                return Finding(each, "missing", name, kind="host", reason=reason)
        return None

    def _removed(self, each: Import) -> Finding | None:
        """Map a module that was taken out of the standard library to its stand-in, or say that there is none."""
        stand_in = row("removed", each.top)
        if stand_in is None or self._target.python[0] < 3:
            return None
        if stand_in[0]:
            rule = f"{each.top} left the standard library before Python {self._target.version}; {stand_in[0]} stands in"
            return Finding(each, "third party", each.module, (Candidate(each.top, stand_in[0], "curated", rule),))
        reason = f"{each.top} left the standard library before Python {self._target.version}, and nothing stands in"
        return Finding(each, "missing", each.top, kind="removed", reason=reason)

    def _python2(self, each: Import, is_python2: bool) -> Finding | None:
        # stdlib-list is dear to import, so a mapped name in Python 3 code is settled before it is asked.
        is_mapped = row("modules", each.top) is not None or row("same", each.top) is not None
        if (is_mapped and not is_python2) or each.top not in python2_library():
            return None
        return Finding(each, "standard library", each.module)

    def _third_party(self, each: Import, clues: NamesInUse) -> list[Finding]:
        candidates = self._candidates(each, clues)
        good = tuple(candidate for candidate in candidates if candidate.distribution)
        findings = [Finding(each, "third party", each.module, good)] if good else []
        if not good:
            findings.extend(_missing(each, candidate) for candidate in candidates)
        return findings

    def _candidates(self, each: Import, clues: NamesInUse) -> list[Candidate]:
        """Return what the tables say; what they say without asking for clues holds for every script."""
        asked = (each.module, each.names)
        if asked in self._providers:
            return self._providers[asked]
        before = clues.questions
        candidates = look_up_names(each.module, each.names, clues, self._own_map)
        if clues.questions == before and len(self._providers) < MOST_KEPT:
            self._providers[asked] = candidates
        return candidates


def _missing(each: Import, candidate: Candidate) -> Finding:
    kinds: dict[str, Kind] = {
        "contested": "contested",
        "import map": "contested",
        "local-looking": "local-looking",
    }
    kind = kinds.get(candidate.rule, "unknown")
    guess = canonical(each.top) if kind == "unknown" else ""
    return Finding(
        each, "missing", candidate.module, kind=kind, reason=candidate.reason, guess=guess,
        alternatives=candidate.alternatives,
    )  # fmt: skip


def _file_of(path: str) -> str:
    initial = os.path.join(path, "__init__.py")
    return initial if os.path.isdir(path) and os.path.isfile(initial) else path
