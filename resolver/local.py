"""Module name + folders -> the file of the script's own that provides it."""

from __future__ import annotations

import os

from .source import ENVIRONMENT_MARKS, IGNORED_FOLDERS
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .source import Source

PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
HIGHEST = 5
"""Folders, from the script's upwards, in which a project's files are looked for."""

SUFFIXES = (".py", ".pyw", ".so", ".pyd", ".pyx")


class Start(Value):
    """A folder from which absolute imports are looked for; of some, only packages with an `__init__.py` count."""

    folder: str
    only_packages: bool = False


class Neighbourhood:
    """The folders in which a script's own modules are looked for; each folder is listed once."""

    def __init__(self, root: str = "") -> None:
        self._root = os.path.abspath(root) if root else ""
        self._listed: dict[str, dict[str, str]] = {}
        self._found: dict[str, tuple[tuple[str, bool], ...]] = {}

    def starts(self, source: Source) -> tuple[Start, ...]:
        """Return the folders in which a source's absolute imports are looked for, the first first.

        The script's folder, what is added to `sys.path`, the folders above that belong to the same package or tree,
        src layouts, and the packages of its project.
        """
        if not source.folder:
            return ()
        if source.folder not in self._found:
            self._found[source.folder] = tuple(self._around(source.folder))
        found = dict.fromkeys((source.folder, *source.search_path), False)
        for folder, only_packages in self._found[source.folder]:
            found.setdefault(folder, only_packages)
        return tuple(Start(*each) for each in found.items() if source.sees(each[0]))

    def find(self, module: str, starts: Iterable[Start]) -> str | None:
        """Return the file or folder that provides a dotted module, or None; nothing is imported."""
        parts = module.split(".")
        for start in starts:
            found = self._descend(start.folder, parts)
            if found and not (start.only_packages and not _is_regular_package(os.path.join(start.folder, parts[0]))):
                return found
        return None

    def find_relative(self, module: str, folder: str, level: int) -> str:
        """Return the file or folder that an import with `level` dots means for a script in `folder`."""
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        return self._descend(folder, module.split(".")) or folder if module else folder

    def _around(self, folder: str) -> Iterator[tuple[str, bool]]:
        """Yield the folders that a script in `folder` sees beside its own, and whether only packages count there."""
        above = list(self._above(folder))
        yield from ((each, False) for each in above)
        yield from ((os.path.join(each, "src"), False) for each in (folder, *above) if "src" in self._entries(each))
        yield from _project(folder)

    def _above(self, folder: str) -> Iterator[str]:
        while self._goes_up(folder):
            folder = os.path.dirname(folder)
            yield folder

    def _goes_up(self, folder: str) -> bool:
        parent = os.path.dirname(folder)
        if parent == folder:
            return False
        inside_tree = bool(self._root) and folder != self._root and folder.startswith(self._root + os.sep)
        return inside_tree or "__init__" in self._entries(folder)

    def _descend(self, start: str, parts: list[str]) -> str | None:
        """Return the deepest file that a dotted name reaches, or None where not even its first part is here."""
        found = None
        folder = start
        for part in parts:
            entry = self._entries(folder).get(part)
            if entry is None:
                break
            found, folder = entry, os.path.join(folder, part)
        return found

    def _entries(self, folder: str) -> dict[str, str]:
        """Map the modules of a folder to their files; a package counts where it holds Python, a namespace too."""
        if folder not in self._listed:
            self._listed[folder] = dict(_modules_in(folder))
        return self._listed[folder]


def _project(folder: str) -> Iterator[tuple[str, bool]]:
    """Yield the folders from which a project's own scripts and tests see its packages: its root and `src`.

    Of the root only packages count, since collections of scripts have folders named like what they show.
    """
    current = folder
    for _ in range(HIGHEST):
        if any(os.path.isfile(os.path.join(current, name)) for name in PROJECT_FILES):
            yield current, True
            yield os.path.join(current, "src"), False
            return
        current = os.path.dirname(current)


def _is_regular_package(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, "__init__.py"))


def _modules_in(folder: str) -> list[tuple[str, str]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return []
    found = [(entry.name.partition(".")[0], entry.path) for entry in entries if _is_module(entry)]
    # A package wins over a module of the same name, as in the import system.
    return sorted(found, key=lambda each: os.path.isdir(each[1]))


def _is_module(entry: os.DirEntry[str]) -> bool:
    stem, dot, _ = entry.name.partition(".")
    if not stem.isidentifier():
        return False
    if dot:
        return entry.name.endswith(SUFFIXES) and not entry.is_dir(follow_symlinks=False)
    return stem not in IGNORED_FOLDERS and _is_package(entry.path)


def _is_package(folder: str) -> bool:
    if not os.path.isdir(folder):
        return False
    if any(os.path.exists(os.path.join(folder, mark)) for mark in ENVIRONMENT_MARKS):
        return False
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    return any(name.endswith(SUFFIXES) or os.path.isfile(os.path.join(folder, name, "__init__.py")) for name in names)
