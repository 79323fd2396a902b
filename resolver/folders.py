"""Folder -> the Python scripts and notebooks in it, without environments, caches and what git is told to ignore."""

from __future__ import annotations

import os
import stat

from .ignore_rules import rules_in, verdict
from .shebang import LONGEST, is_python
from .source import ENDINGS, ENVIRONMENT_MARKS, IGNORED_FOLDERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .ignore_rules import Rule

    Unreadable = list[tuple[str, str]]
    _Layer = tuple[str, tuple[Rule, ...]]
    _Step = tuple[str, bool, tuple[_Layer, ...], int]

BUILT_FOLDERS = frozenset({"build", "dist", "wheels", "htmlcov", "eggs", "sdist", "develop-eggs"})
"""Folders that builds leave behind; where they are packages (`__init__.py`), they are code."""

LARGEST_IGNORE_FILE = 1_000_000
DEEPEST = 400
"""Folders inside of one another that are read."""


def python_files(folder: str, unreadable: Unreadable | None = None) -> Iterator[str]:
    """Yield the scripts and notebooks below a folder, in the order of their names; linked folders are not entered.

    Scripts without an ending count where their first line names a Python. The folder itself is read even where it
    is ignored. `unreadable` takes the folders that cannot be listed, each with the reason.
    """
    problems = unreadable if unreadable is not None else []
    waiting: list[_Step] = [(folder, True, _layers_above(folder), 0)]
    while waiting:
        path, is_folder, layers, depth = waiting.pop()
        if is_folder:
            waiting.extend(_steps_inside(path, layers, depth, problems))
        else:
            yield path


def _steps_inside(folder: str, layers: tuple[_Layer, ...], depth: int, unreadable: Unreadable) -> Iterator[_Step]:
    """Yield what is wanted of a folder, the first name last."""
    entries = _entries(folder, unreadable)
    own = _ignore_file(folder) if any(entry.name == ".gitignore" for entry in entries) else ()
    layers = (*layers, (os.path.abspath(folder), own)) if own else layers
    for entry in reversed(entries):
        if _is_wanted(entry, layers, depth):
            yield entry.path, entry.is_dir(follow_symlinks=False), layers, depth + 1


def _is_wanted(entry: os.DirEntry[str], layers: Sequence[_Layer], depth: int) -> bool:
    if entry.name.startswith("."):
        return False
    is_folder = entry.is_dir(follow_symlinks=False)
    if is_folder:
        if depth >= DEEPEST or is_no_code(entry.path, entry.name):
            return False
    elif not (_is_script(entry) or (entry.name.endswith(ENDINGS) and not os.path.isdir(entry.path))):
        return False
    return not _is_ignored(entry.path, layers, is_folder)


def is_no_code(path: str, name: str) -> bool:
    """Whether a folder holds what others wrote or a tool made: an environment, a cache, a build."""
    if name in IGNORED_FOLDERS or name.endswith(".egg-info"):
        return True
    if name in BUILT_FOLDERS and not os.path.exists(os.path.join(path, "__init__.py")):
        return True
    return any(os.path.exists(os.path.join(path, mark)) for mark in ENVIRONMENT_MARKS)


def _is_script(entry: os.DirEntry[str]) -> bool:
    """Whether a file without an ending is a Python script, by its first line."""
    if "." in entry.name or not entry.is_file(follow_symlinks=False):
        return False
    try:
        with open(entry.path, "rb", buffering=0) as file:
            return is_python(file.read(LONGEST))
    except OSError:
        return False


def _entries(folder: str, unreadable: Unreadable) -> list[os.DirEntry[str]]:
    """Return what is in a folder, by name."""
    try:
        with os.scandir(folder) as listed:
            return sorted(listed, key=lambda entry: entry.name)
    except OSError as error:
        unreadable.append((folder, f"cannot be listed ({error.strerror}); its scripts were not read"))
        return []


def _layers_above(folder: str) -> tuple[_Layer, ...]:
    """Return the ignore rules around a folder in a git repository, none where they ignore the folder itself."""
    top = os.path.abspath(folder)
    above: list[str] = []
    current = top
    while not os.path.exists(os.path.join(current, ".git")):
        parent = os.path.dirname(current)
        if parent == current:
            return ()
        current = parent
        above.append(current)
    layers = tuple((each, rules) for each in reversed(above) if (rules := _ignore_file(each)))
    parts = os.path.relpath(top, current).split(os.sep)
    ways = (os.path.join(current, *parts[:size]) for size in range(1, len(parts) + 1))
    return () if above and any(_is_ignored(way, layers, True) for way in ways) else layers


def _is_ignored(path: str, layers: Sequence[_Layer], is_folder: bool) -> bool:
    """Whether the nearest `.gitignore` that says anything about a path ignores it."""
    if not layers:
        return False
    whole = os.path.abspath(path)
    for folder, rules in reversed(layers):
        if whole.startswith(folder.rstrip(os.sep) + os.sep):
            said = verdict(rules, whole[len(folder.rstrip(os.sep)) + 1 :].split(os.sep), is_folder)
            if said is not None:
                return said
    return False


def _ignore_file(folder: str) -> tuple[Rule, ...]:
    """Return the rules of a folder's `.gitignore`; as git does, a link is not followed."""
    path = os.path.join(folder, ".gitignore")
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return ()
        with open(path, "rb") as file:
            return rules_in(file.read(LARGEST_IGNORE_FILE).decode("utf-8", "surrogateescape"))
    except OSError:
        return ()
