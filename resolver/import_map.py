"""Dotted module name + clues -> the distribution that provides it, with the layer of the tables that said so."""

from __future__ import annotations

from .import_table import has_longer, is_namesake, row, rows
from .names import canonical
from .registered import is_popular, is_registered
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Literal

    Level = Literal["declared", "curated", "popular", "registered", "unknown"]
    Clues = Callable[[str], frozenset[str]]

DEEPEST = 16
"""Parts of a dotted name that are looked at; no row is longer, and hostile names have a hundred thousand."""

APP_MODULES = frozenset("admin apps forms managers models serializers signals tasks templatetags urls views".split())
"""Modules that applications of Django have, as its documentation and those of Celery and REST framework name them."""

_parsed: dict[str, list[tuple[list[str], str]]] = {}


class Candidate(Value):
    """What the tables say of an import name: `distribution` is "" where they cannot decide, and `reason` says why.

    `is_told` says that the code told which of several distributions it means. `host` is the distribution of the
    package around the module, where that is another one.
    """

    module: str
    distribution: str
    level: Level
    rule: str
    marker: str = ""
    alternatives: tuple[str, ...] = ()
    reason: str = ""
    specifier: str = ""
    extras: tuple[str, ...] = ()
    is_told: bool = False
    host: str = ""


def look_up(module: str, clues: Clues, own: Mapping[str, str] | None = None) -> Candidate:
    """Return what provides a dotted module name: the longest prefix that any layer knows, else identity.

    `clues` answers which names, attributes and keywords of a module the code uses; `own` is the user's own map.
    """
    parts = module.split(".")[:DEEPEST]
    for size in range(len(parts), 0, -1):
        prefix = ".".join(parts[:size])
        found = _own_row(prefix, own) or _curated_row(prefix, clues) or _pattern_row(parts[:size])
        if found:
            return found
    found = _by_identity(parts[0])
    is_doubtful = found.level == "registered" or found.rule == "identity"
    return _as_app(found) if is_doubtful and _is_app(parts, clues) else found


def _is_app(parts: list[str], clues: Clues) -> bool:
    """Whether a module is one of an application of Django's, in a script that imports Django."""
    return len(parts) > 1 and parts[1] in APP_MODULES and "@django" in clues(parts[0])


def _as_app(found: Candidate) -> Candidate:
    """Return the distribution named after an application, or say that it looks like one of the project's own.

    Where another project has the application's own name, only a popular one named `django-` before it counts.
    """
    name = canonical(f"django-{found.module}")
    if is_popular(name) or (not found.distribution and is_registered(name)):
        return Candidate(found.module, name, _level(name), f"application of Django: {found.module} -> {name}")
    reason = f"{found.module} looks like an application of the Django project that the script belongs to"
    return Candidate(found.module, "", "unknown", "local-looking", "", (), reason)


def look_up_names(module: str, names: Iterable[str], clues: Clues, own: Mapping[str, str] | None) -> list[Candidate]:
    """Return what `from module import names` needs: each name may be a module that another distribution provides."""
    if not names or not _is_namespace(module):
        return _with_host(look_up(module, clues, own))
    found: dict[str, Candidate] = {}
    for name in names:
        for candidate in _with_host(look_up(f"{module}.{name}" if name != "*" else module, clues, own)):
            found.setdefault(candidate.distribution or candidate.module, candidate)
    return list(found.values())


def _with_host(found: Candidate) -> list[Candidate]:
    """Return a candidate, and that of the package around it where another distribution provides that."""
    if not found.host:
        return [found]
    top = found.module.partition(".")[0]
    return [found, Candidate(top, found.host, "curated", f"import map: {found.module} stands in {top}")]


def _is_namespace(module: str) -> bool:
    """Whether some row or pattern is longer than a module name, so that what is imported from it matters."""
    return bool(_patterns(module.partition(".")[0])) or has_longer(module)


def _patterns(top: str) -> list[tuple[list[str], str]]:
    """Return the patterns whose first part is a top-level module, each with its template."""
    if not _parsed:
        for key, template in rows("patterns"):
            _parsed.setdefault(key.partition(".")[0], []).append((key.split("."), template))
    return _parsed.get(top, [])


def _own_row(prefix: str, own: Mapping[str, str] | None) -> Candidate | None:
    if not own or prefix not in own:
        return None
    from .own_map import mapped

    found = mapped(own[prefix])
    return Candidate(
        prefix, found.name, "declared", "your own import map", found.marker,
        specifier=found.specifier, extras=found.extras,
    )  # fmt: skip


def _curated_row(prefix: str, clues: Clues) -> Candidate | None:
    values = row("modules", prefix)
    if values is None:
        return None
    default, alternatives = values[0], tuple(each.partition(" if ")[0] for each in values[1:])
    chosen, rule = _decide(default, values[1:], prefix, clues)
    if not chosen:
        reason = f"several distributions provide {prefix} and nothing in the code tells which"
        return Candidate(prefix, "", "unknown", "import map", "", alternatives, reason)
    name, _, marker = chosen.partition(" ; ")
    others = tuple(each for each in (default, *alternatives) if each and each != chosen)
    return Candidate(prefix, name, "curated", rule, marker, others, is_told=chosen != default)


def _decide(default: str, others: tuple[str, ...], module: str, clues: Clues) -> tuple[str, str]:
    for other in others:
        name, _, tokens = other.partition(" if ")
        seen = next((token for token in tokens.split() if token in clues(module)), "") if tokens else ""
        if seen:
            return name, f"import map: {module} with {seen} -> {name}"
    return default, f"import map: {module} -> {default}"


def _pattern_row(parts: list[str]) -> Candidate | None:
    """Apply a pattern such as google.cloud.* -> google-cloud-*, where the index knows the name that it makes."""
    if len(parts) < 2:
        return None
    for wanted, template in _patterns(parts[0]):
        if len(wanted) != len(parts) or any(a not in ("*", b) for a, b in zip(wanted, parts, strict=True)):
            continue
        name, _, host = template.partition(" ")
        for captured in [part for part, want in zip(parts, wanted, strict=True) if want == "*"]:
            name = name.replace("*", _segment(captured), 1)
        if is_registered(name):
            return Candidate(
                ".".join(parts), name, _level(name), f"import map: {'.'.join(wanted)} -> {template}", host=host
            )
    return None


def _segment(captured: str) -> str:
    """Return a captured part without its API version and `_admin`, as distributions are named."""
    head, mark, version = captured.rpartition("_v")
    name = head if mark and version[:1].isdigit() else captured
    return canonical(name.removesuffix("_admin"))


def _by_identity(top: str) -> Candidate:
    name = canonical(top)
    if row("same", top) is not None:
        return Candidate(top, name, "curated", f"import map: {top} is provided by the distribution of that name")
    contested = row("contested", top)
    if contested is not None:
        reason = f"several projects provide {top}, and none is known to be the right one"
        return Candidate(top, "", "unknown", "contested", "", contested, reason)
    if not name or _looks_local(top):
        reason = f"{top} looks like a module of the script's own, and no file here provides it"
        return Candidate(top, "", "unknown", "local-looking", "", (), reason)
    if top == top.lower() and is_popular(name) and not is_namesake(name):
        return Candidate(top, name, "popular", f"identity: {top} is the name of a distribution")
    return _by_index(top, name)


def _looks_local(top: str) -> bool:
    return (
        top.startswith(("_", "my_", "your_")) or row("local", top) is not None or row("local", top.lower()) is not None
    )


def _by_index(top: str, name: str) -> Candidate:
    """Guess by what pipreqs' mapping says, by who ships a module of that name, or by the name itself."""
    from .second_opinion import pipreqs_says
    from .shipped_names import GENERIC, shipped_by

    second = pipreqs_says(top)
    if second and second != name and is_registered(second):
        return Candidate(top, second, "registered", f"pipreqs: {top} -> {second}")
    shipping = shipped_by(top)
    if shipping == GENERIC:
        reason = f"{top} looks like a module of the script's own: unrelated projects ship one of that name"
        return Candidate(top, "", "unknown", "local-looking", "", (), reason)
    if shipping:
        return Candidate(top, shipping, "registered", f"pigar's index: {shipping} alone ships {top}")
    if is_registered(name):
        return Candidate(top, name, "registered", f"identity: {top} is the name of a distribution")
    reason = f"no distribution is known to provide {top}; check its spelling, or put its file beside the script"
    return Candidate(top, "", "unknown", "identity", "", (), reason)


def _level(name: str) -> Level:
    return "popular" if is_popular(name) else "registered"
