"""A project's files -> the requirements that it declares, each with its place."""

from __future__ import annotations

import os
import re
import tomllib

from .findings import Evidence, Requirement
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

DEEPEST = 20
"""Requirements files that may include one another; deeper is taken for a cycle."""

LARGEST = 1_000_000
"""Bytes; a larger requirements file or pyproject.toml is none."""


class Declarations(Value):
    """What a project declares: requirements to install, constraints on versions, and files that could not be read.

    `files` are the files that were found, for messages; `optional` are requirements of extras and groups.
    """

    requirements: tuple[Requirement, ...] = ()
    optional: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    files: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def project_declarations(folder: str) -> Declarations:
    """Read `pyproject.toml` and `requirements*.txt` of a folder."""
    reader = _Reader()
    pyproject = os.path.join(folder, "pyproject.toml")
    if os.path.isfile(pyproject):
        reader.read_pyproject(pyproject)
    for name in sorted(os.listdir(folder)):
        if re.fullmatch(r"requirements[\w.-]*\.(txt|in)", name):
            reader.read_requirements(
                os.path.join(folder, name), is_optional=name not in ("requirements.txt", "requirements.in")
            )
    return reader.declarations()


class _Reader:
    """Gathers requirements from files."""

    def __init__(self) -> None:
        self._found: dict[str, list[Requirement]] = {"required": [], "optional": [], "constraints": []}
        self._files: list[str] = []
        self._problems: list[str] = []

    def declarations(self) -> Declarations:
        """Return what was gathered."""
        required, optional, constraints = (tuple(self._found[kind]) for kind in ("required", "optional", "constraints"))
        return Declarations(required, optional, constraints, tuple(self._files), tuple(self._problems))

    def read_pyproject(self, path: str) -> None:
        """Read `[project]` (PEP 621), `[dependency-groups]` (PEP 735) and Poetry's tables."""
        text = self._text(path)
        try:
            table = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            self._problems.append(f"{path}: is not valid TOML: {error}")
            return
        lines = text.split("\n")
        project = _table(table, "project")
        self._take(_texts(project.get("dependencies")), "required", path, lines)
        groups = [*_table(project, "optional-dependencies").values(), *_table(table, "dependency-groups").values()]
        for group in groups:
            self._take(_texts(group), "optional", path, lines)
        self._take_poetry(_table(table, "tool", "poetry"), path, lines)

    def _take_poetry(self, poetry: dict[str, Any], path: str, lines: list[str]) -> None:
        self._take(_poetry_names(_table(poetry, "dependencies")), "required", path, lines)
        self._take(_poetry_names(_table(poetry, "dev-dependencies")), "optional", path, lines)
        for group in _table(poetry, "group").values():
            self._take(_poetry_names(_table(group, "dependencies")), "optional", path, lines)

    def read_requirements(self, path: str, *, is_optional: bool = False, depth: int = 0, kind: str = "") -> None:
        """Read a requirements file in pip's form, with the files that it includes (`-r`) and constraints (`-c`)."""
        if depth > DEEPEST or path in self._files:
            return
        kind = kind or ("optional" if is_optional else "required")
        for number, line in _logical_lines(self._text(path)):
            option = re.match(r"(-r|--requirement|-c|--constraint)[ =]*(\S+)", line)
            if option:
                inner = "constraints" if "c" in option[1].lstrip("-")[:1] else kind
                self.read_requirements(os.path.join(os.path.dirname(path), option[2]), depth=depth + 1, kind=inner)
            elif not line.startswith("-"):
                self._take_one(re.split(r"\s--?\w", line, maxsplit=1)[0], kind, path, number)

    def _text(self, path: str) -> str:
        self._files.append(path)
        try:
            with open(path, "rb") as file:
                return file.read(LARGEST).decode("utf-8", "replace")
        except OSError as error:
            self._problems.append(f"{path}: cannot be read ({error.strerror})")
            return ""

    def _take(self, texts: Iterable[str], kind: str, path: str, lines: list[str]) -> None:
        for text in texts:
            quoted = re.compile(rf"""[\"']{re.escape(text)}[\"']|^\s*[\"']?{re.escape(text)}[\"']?\s*=""")
            shown = (number for number, line in enumerate(lines, 1) if quoted.search(line))
            self._take_one(text, kind, path, next(shown, 0))

    def _take_one(self, text: str, kind: str, path: str, line: int) -> None:
        from .declared import declared_requirement

        made = declared_requirement(text.strip(), "person", Evidence(text.strip(), path, line, f"declared in {path}"))
        if isinstance(made, Requirement):
            self._found[kind].append(made)
        elif "/" not in text:
            self._problems.append(f"{path}:{line}: {made.reason}")


def _table(table: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _poetry_names(table: dict[str, Any]) -> list[str]:
    return [name for name in table if name.lower() != "python"]


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a requirements file with their numbers: comments dropped, continuations joined."""
    waiting, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        start = start or number
        if line.endswith("\\"):
            waiting += line[:-1]
            continue
        whole = re.sub(r"(^|\s)#.*", "", waiting + line).strip()
        if whole:
            yield start, whole
        waiting, start = "", 0
