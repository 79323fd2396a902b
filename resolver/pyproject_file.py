"""`pyproject.toml` -> the requirements that it lists, in whichever tool's table, with their lines."""

from __future__ import annotations

import re
import tomllib

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_KEY = re.compile(r"\s*[\"']?([A-Za-z0-9._-]+)[\"']?\s*=")


class Listed(Value):
    """A requirement (PEP 508) as a table lists it; `is_optional` is one of an extra or a group."""

    text: str
    line: int
    is_optional: bool


class Pyproject(Value):
    """What a `pyproject.toml` says: the project's name, its requirements, and requirements files that it names."""

    name: str = ""
    listed: tuple[Listed, ...] = ()
    files: tuple[str, ...] = ()
    problem: str = ""


def pyproject(text: str) -> Pyproject:
    """Read `[project]` (PEP 621), `[dependency-groups]` (PEP 735) and the tables of Poetry, uv, PDM and Hatch."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return Pyproject(problem=f"is not valid TOML: {error}")
    lines = _lines(text)
    project = _table(table, "project")
    found = [Listed(each, lines.get(each, 0), False) for each in _texts(project.get("dependencies"))]
    found += [Listed(each, lines.get(each, 0), True) for each in _optional(table, project)]
    found += [Listed(each, lines.get(_bare(each), 0), False) for each in _poetry(_table(table, "tool", "poetry"))]
    found += [Listed(each, lines.get(_bare(each), 0), True) for each in _poetry_groups(_table(table, "tool", "poetry"))]
    dynamic = _table(table, "tool", "setuptools", "dynamic", "dependencies").get("file")
    files = [dynamic] if isinstance(dynamic, str) else _texts(dynamic)
    return Pyproject(str(project.get("name", "")), tuple(found), tuple(files))


def _optional(table: dict[str, Any], project: dict[str, Any]) -> Iterator[str]:
    """Yield the requirements of extras, groups and builds; a group that another includes stands in the table itself."""
    groups = [_table(project, "optional-dependencies"), _table(table, "dependency-groups")]
    groups += [
        _table(table, "tool", "pdm", "dev-dependencies"),
        {"dev": _table(table, "tool", "uv").get("dev-dependencies")},
        {"build": _table(table, "build-system").get("requires")},
    ]
    for group in groups:
        for texts in group.values():
            yield from _texts(texts)
    for environment in _table(table, "tool", "hatch", "envs").values():
        for key in ("dependencies", "extra-dependencies"):
            yield from _texts(environment.get(key) if isinstance(environment, dict) else None)


def _poetry_groups(poetry: dict[str, Any]) -> Iterator[str]:
    for group in ({"dependencies": poetry.get("dev-dependencies")}, *_table(poetry, "group").values()):
        yield from _poetry(group if isinstance(group, dict) else {})


def _poetry(table: dict[str, Any]) -> Iterator[str]:
    """Yield Poetry's requirements; its own operators (`^2`, `2.*`) are not PEP 508's, and are left out."""
    for name, wanted in _table(table, "dependencies").items():
        if name.lower() != "python":
            version = wanted.get("version") if isinstance(wanted, dict) else wanted
            is_ours = isinstance(version, str) and re.fullmatch(r"(?:[<>]=?|[!=]=)[^^~*]+", version)
            yield f"{name}{version}" if is_ours else name


def _lines(text: str) -> dict[str, int]:
    """Return the first line of each quoted string, and of each key."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        for match in _QUOTED.finditer(line):
            found.setdefault(match[1] if match[1] is not None else match[2], number)
        key = _KEY.match(line)
        if key:
            found.setdefault(key[1], number)
    return found


def _bare(requirement: str) -> str:
    return re.split(r"[<>=!~]", requirement, maxsplit=1)[0]


def _table(table: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
