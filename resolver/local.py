"""Module name + folders -> the file of the script's own that provides it."""

from __future__ import annotations

import os

from .source import IGNORED_FOLDERS

SUFFIXES = (".py", ".pyw", ".so", ".pyd", ".pyx")


class Neighbourhood:
    """The folders in which a script's own modules are looked for; each folder is listed once."""

    def __init__(self, root: str = "") -> None:
        self._root = os.path.abspath(root) if root else ""
        self._listed: dict[str, dict[str, str]] = {}

    def find(self, module: str, folder: str, level: int = 0) -> str | None:
        """Return the file or folder that provides a dotted module for a script in `folder`, or None.

        `level` counts the dots of a relative import. Only existing files are reported; nothing is imported.
        """
        if not folder:
            return None
        if level:
            for _ in range(level - 1):
                folder = os.path.dirname(folder)
            return self._descend(folder, module.split(".")) or folder if module else folder
        for start in self._starts(folder):
            found = self._descend(start, module.split("."))
            if found:
                return found
        return None

    def _starts(self, folder: str) -> list[str]:
        """The script's folder, the folders above it that belong to the same package or tree, and src layouts."""
        starts = [folder]
        current = folder
        while self._goes_up(current):
            current = os.path.dirname(current)
            starts.append(current)
        return starts + [os.path.join(start, "src") for start in starts if "src" in self._entries(start)]

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
    if not os.path.isdir(folder) or os.path.exists(os.path.join(folder, "pyvenv.cfg")):
        return False
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    return any(name.endswith(SUFFIXES) or os.path.isfile(os.path.join(folder, name, "__init__.py")) for name in names)
