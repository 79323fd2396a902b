"""`uv.lock` or `pylock.toml` (PEP 751) -> the version of each distribution that it locks for a target."""

from __future__ import annotations

import re
import tomllib

from .names import canonical
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from .target import Target


_NAME = re.compile(r"^name *= *[\"']([A-Za-z0-9._-]+)[\"']", re.MULTILINE)


class Locked(Value):
    """What a lock says: versions by canonical name, and a sentence about what it does not say."""

    versions: Mapping[str, str]
    problem: str = ""


def locked(text: str, target: Target, names: Collection[str] | None = None) -> Locked:
    """Return the versions in a lock, of some canonical names or of all; none where it is not for the target.

    A name with several versions is settled by the markers; where they do not settle it, it has none.
    """
    try:
        table = _loaded(text, names)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return Locked({}, f"is not valid TOML: {error}")
    if str(table.get("lock-version", "1.")).partition(".")[0] != "1":
        return Locked({}, f"is a lock of a later form ({table['lock-version']}), and is not read")
    if not _is_for(table.get("requires-python"), target):
        return Locked({}, f"is not for Python {target.version}, and is not read")
    found: dict[str, set[str]] = {}
    packages = table.get("package", table.get("packages", []))
    for each in packages if isinstance(packages, list) else []:
        if isinstance(each, dict) and _holds(each, target):
            name, version = canonical(str(each.get("name", ""))), str(each.get("version", ""))
            # A local version (PEP 440) is one index's own build.
            found.setdefault(name, set()).add(version.partition("+")[0])
    return Locked({name: min(each) for name, each in found.items() if name and len(each) == 1 and "" not in each})


def _loaded(text: str, names: Collection[str] | None) -> dict[str, Any]:
    """Parse a lock; of a large one, which takes seconds, only the packages that are asked for."""
    if names is not None:
        head, *packages = re.split(r"^(?=\[\[packages?\]\]$)", text, flags=re.MULTILINE)
        wanted = [each for each in packages if (found := _NAME.search(each)) and canonical(found[1]) in names]
        try:
            return tomllib.loads("".join([head, *wanted]))
        except tomllib.TOMLDecodeError:
            # Not laid out as the tools lay it out.
            pass
    return tomllib.loads(text)


def _holds(package: Mapping[str, Any], target: Target) -> bool:
    """Whether a package comes from an index, and is for the target."""
    source = package.get("source", {})
    if isinstance(source, dict) and source and "registry" not in source:
        return False
    if any(key in package for key in ("vcs", "directory", "archive")):
        return False
    markers = package.get("resolution-markers", [package["marker"]] if "marker" in package else [])
    is_marked = isinstance(markers, list) and bool(markers)
    return (not is_marked or any(marker_holds(str(each), target) for each in markers)) and _is_for(
        package.get("requires-python"), target
    )


def marker_holds(marker: str, target: Target) -> bool:
    """Whether a marker (PEP 508) holds on a target; one that cannot be read does not."""
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

    environment = {"python_version": target.version, "python_full_version": target.release,
                   "sys_platform": target.platform, "os_name": target.os_name}  # fmt: skip
    try:
        return Marker(marker).evaluate(environment)
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, RecursionError):
        return False


def _is_for(requires_python: Any, target: Target) -> bool:
    if not isinstance(requires_python, str) or not requires_python:
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(requires_python).contains(target.release, prereleases=True)
    except InvalidSpecifier:
        return False
