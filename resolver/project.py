"""A project's files -> the requirements that it declares, each with its place."""

from __future__ import annotations

import os

from .declared import declared_requirement
from .findings import Diagnostic, Evidence, Requirement
from .names import canonical
from .project_files import ProjectFiles, content_of, project_files
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Literal

    from .target import Target

    Kind = Literal["required", "optional", "constraints"]

DEEPEST = 20
"""Requirements files that may include one another; deeper is taken for a cycle."""

MOST_FILES = 500


class Declarations(Value):
    """What a project declares: requirements to install, constraints on versions, and what was not understood.

    `files` are the files that were found, for messages; `optional` are requirements of extras and groups; `locked`
    pin what locks hold, whether it is required or not.
    """

    requirements: tuple[Requirement, ...] = ()
    optional: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    locked: tuple[Requirement, ...] = ()
    files: tuple[str, ...] = ()
    problems: tuple[Diagnostic, ...] = ()


def project_declarations(folder: str, target: Target | None = None) -> Declarations:
    """Read what declares requirements for the scripts of a folder; locks only where versions for a target are asked."""
    return declarations(project_files(folder), target)


def declarations(
    files: ProjectFiles, target: Target | None = None, names: Collection[str] | None = None
) -> Declarations:
    """Read the files of a project; those below the current folder are named relative to it.

    Locks are read for a target, and for some canonical names where only those matter.
    """
    reader = _Reader()
    if files.pyproject:
        reader.read_pyproject(files.pyproject)
    if files.setup_cfg:
        reader.read_setup_cfg(files.setup_cfg)
    plain = [path for path in files.requirements if os.path.basename(path).rpartition(".")[0] == "requirements"]
    for path in plain:
        reader.read_requirements(path, "required")
    # Last, since they often include the plain one.
    for path in files.requirements:
        reader.read_requirements(path, "optional")
    if target:
        for path in sorted(files.locks, key=_rank):
            reader.read_lock(path, target, names)
    return reader.declarations()


class _Reader:
    """Gathers requirements from files."""

    def __init__(self) -> None:
        self._found: dict[Kind, list[Requirement]] = {"required": [], "optional": [], "constraints": []}
        self._locked: dict[str, Requirement] = {}
        self._files: list[str] = []
        self._read: set[str] = set()
        self._problems: list[Diagnostic] = []
        self._own_name = ""

    def declarations(self) -> Declarations:
        """Return what was gathered."""
        found = self._found
        return Declarations(
            tuple(found["required"]),
            tuple(found["optional"]),
            tuple(found["constraints"]),
            tuple(self._locked.values()),
            tuple(self._files),
            tuple(self._problems),
        )

    def read_pyproject(self, path: str) -> None:
        """Read a `pyproject.toml`, and the requirements files that it takes its own from."""
        from .pyproject_file import pyproject

        shown = _shown(path)
        table = pyproject(self._text(path))
        self._own_name = canonical(table.name)
        if table.problem:
            self._problems.append(Diagnostic(shown, 0, table.problem))
        for each in table.listed:
            self._take(each.text, "optional" if each.is_optional else "required", shown, each.line)
        for name in table.files:
            self.read_requirements(os.path.join(os.path.dirname(path), name), "required")

    def read_setup_cfg(self, path: str) -> None:
        """Read the requirements in a `setup.cfg`."""
        from .setup_cfg_file import setup_cfg

        listed, problem = setup_cfg(self._text(path))
        if problem:
            self._problems.append(Diagnostic(_shown(path), 0, problem))
        for each in listed:
            self._take(each.text, "optional" if each.is_optional else "required", _shown(path), each.line)

    def read_requirements(self, path: str, kind: Kind, depth: int = 0) -> None:
        """Read a requirements file in pip's form, with the files that it includes (`-r`) and constraints (`-c`)."""
        real = os.path.realpath(path)
        if real in self._read or depth > DEEPEST or len(self._read) > MOST_FILES:
            return
        self._read.add(real)
        from .requirements_file import entries

        shown = _shown(path)
        for entry in entries(self._text(path)):
            if entry.kind == "requirement":
                self._take(entry.text, kind, shown, entry.line)
            elif entry.kind == "problem":
                self._problems.append(Diagnostic(shown, entry.line, entry.text))
            else:
                inner: Kind = "constraints" if entry.kind == "constraints" else kind
                self._include(entry.text, inner, path, entry.line, depth)

    def read_lock(self, path: str, target: Target, names: Collection[str] | None) -> None:
        """Read a lock; what an earlier one says of a name stands."""
        from .lock_file import locked

        shown = _shown(path)
        found = locked(self._text(path), target, names)
        if found.problem:
            self._problems.append(Diagnostic(shown, 0, found.problem))
        for name, version in found.versions.items():
            evidence = Evidence(f"{name}=={version}", shown, 0, f"locked in {shown}")
            pinned = Requirement(name, "declared", f"=={version}", evidence=(evidence,))
            self._locked.setdefault(name, pinned)

    def _include(self, name: str, kind: Kind, path: str, line: int, depth: int) -> None:
        wanted = os.path.join(os.path.dirname(path), os.path.expanduser(name))
        if "://" in name:
            self._problems.append(Diagnostic(_shown(path), line, "includes a file by URL, which is not fetched"))
        elif not os.path.isfile(wanted):
            self._problems.append(Diagnostic(_shown(path), line, f"includes {name}, and there is no such file"))
        else:
            self.read_requirements(wanted, kind, depth + 1)

    def _text(self, path: str) -> str:
        self._files.append(_shown(path))
        return content_of(path).decode("utf-8-sig", "replace")

    def _take(self, text: str, kind: Kind, path: str, line: int) -> None:
        made = declared_requirement(text, "person", Evidence(text, path, line, f"declared in {path}"))
        if not isinstance(made, Requirement):
            self._problems.append(Diagnostic(path, line, made.reason))
        elif made.name != self._own_name:
            self._found[kind].append(made)


def _rank(lock: str) -> tuple[bool, bool, str]:
    """Order the locks of a folder: uv's own, the project's, and those for some purpose."""
    name = os.path.basename(lock)
    return name != "uv.lock", name != "pylock.toml", name


def _shown(path: str) -> str:
    try:
        relative = os.path.relpath(path)
    except (OSError, ValueError):  # The current folder is gone, or on another drive (Windows).
        return path
    return path if relative.startswith("..") else relative
