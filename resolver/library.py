"""The resolver's part of the public API: text, path or Source -> `Resolution`, `Precheck`."""

from __future__ import annotations

import os

from .errors import ResolverError
from .findings import Diagnostic
from .own_map import check_map
from .precheck import prechecked
from .resolution import resolve_sources
from .source import ENDINGS, Source, from_code, from_file
from .target import target_for
from .trust import TRUST_CHOICES, policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .findings import Resolution
    from .precheck import Precheck
    from .trust import TrustLevel


def as_source(source: str | os.PathLike[str] | Source) -> Source:
    """Return a Source as it is, a path as the file's, and a string as code.

    A string of one line that ends as scripts do (`"job.py"`) is taken for a path, since it is no sensible code.

    Raises:
        SourceError: the file cannot be read.
    """
    if isinstance(source, Source):
        return source
    if isinstance(source, str) and ("\n" in source or not source.endswith(ENDINGS)):
        return from_code(source)
    return from_file(os.fspath(source))


def resolve(
    source: str | os.PathLike[str] | Source,
    *,
    python: str | None = None,
    import_map: Mapping[str, str] | None = None,
) -> Resolution:
    """Predict what a script, code string, notebook or folder needs; nothing is imported, run or installed.

    Args:
        source: A path (`pathlib.Path`, or a string such as `"job.py"`), a folder, code, or a Source.
        python: The version that it is for, such as `"3.12"`; by default the one that runs this.
        import_map: Your own import names and the requirements that provide them, before all tables.

    Raises:
        ResolverError: the file cannot be read, `python` is not a version, or the map has an unusable entry.
    """
    target = target_for(python)
    if import_map:
        check_map(import_map)
    if isinstance(source, os.PathLike | str) and "\n" not in str(source) and os.path.isdir(source):
        folder = os.fspath(source)
        paths, unreadable = scripts_in(folder)
        return resolve_sources(paths, target, root=folder, import_map=import_map, diagnostics=unreadable)
    return resolve_sources((as_source(source),), target, import_map=import_map)


def precheck(
    source: str | os.PathLike[str] | Source,
    *,
    python: str | None = None,
    trust: TrustLevel = "popular",
    allow: Iterable[str] = (),
    deny: Iterable[str] = (),
    import_map: Mapping[str, str] | None = None,
) -> Precheck:
    """Tell whether a script would run: its syntax, its requirements, what is unknown, refused or only in a host.

    Nothing is executed or installed. `trust`, `allow` and `deny` are the policy, as for `run`.

    Raises:
        ResolverError: the file cannot be read, or an argument makes no sense.
    """
    if trust not in TRUST_CHOICES:
        raise ResolverError(f"trust must be one of {', '.join(TRUST_CHOICES)}, not {trust!r}")
    return prechecked(resolve(source, python=python, import_map=import_map), policy(trust, allow, deny))


def scripts_in(folder: str) -> tuple[list[str], list[Diagnostic]]:
    """Return the paths of the scripts of a folder, and say which folders in it cannot be read."""
    from .folders import python_files

    unlisted: list[tuple[str, str]] = []
    paths = list(python_files(folder, unlisted))
    unreadable = [Diagnostic(path, 0, reason) for path, reason in unlisted]
    if not paths and not unlisted:
        unreadable.append(Diagnostic(folder, 0, "holds no Python file or notebook that can be read"))
    return paths, unreadable
