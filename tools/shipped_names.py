"""Turns pigar's index of top-level modules into the import names that one distribution alone, or anybody, ships."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from import_table import canonical

GENERIC = "-"
"""In place of a distribution: so many unrelated projects ship a module of that name that it tells nothing."""
MOST_MODULES = 8
"""Top-level modules above which a distribution spills what it never meant to ship: its tests, its scripts."""
SHORTEST = 3
UNRELATED = 4
"""Projects not named after a module that make its name generic: `domain`, `converters`, `my_project`."""
COMMON = 5
"""Modules with a word in their names that make it a common word: `input_data` is two of them, `gfosd` none."""

Providers = Mapping[str, frozenset[str]]


def read_index(path: Path) -> Providers:
    """Return which distributions ship each top-level module."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        rows = database.execute(
            "SELECT d.name, t.name FROM top_level_module_names t JOIN distributions d ON d.id = t.distribution_id"
        ).fetchall()
    providers: dict[str, set[str]] = defaultdict(set)
    for distribution, module in rows:
        providers[module].add(canonical(distribution))
    return {module: frozenset(names) for module, names in providers.items()}


def shipped_names(
    providers: Providers, is_registered: Callable[[str], bool], taken: Collection[str], popular: Collection[str]
) -> dict[str, str]:
    """Return module -> the distribution that alone ships it, where none has its name, or GENERIC.

    Of several, one that is named as Python's port of the module (python-X, X-python, py-X, pyX) counts as the one.
    `taken` are names of which another table speaks.
    """
    words = Counter(word for module in providers for word in set(canonical(module).split("-")))
    sizes = Counter(name for names in providers.values() for name in names)
    found = {}
    for module, names in providers.items():
        if module in taken or not _is_importable(module):
            continue
        own = canonical(module)
        if is_registered(own):
            if own not in popular and sum(not _is_related(module, name) for name in names) >= UNRELATED:
                found[module] = GENERIC
        else:
            meant = sorted(name for name in names if sizes[name] <= MOST_MODULES and is_registered(name))
            found.update((module, name) for name in _sole(module, meant, words))
    return found


def _is_importable(module: str) -> bool:
    """Whether people import the name: private modules and names of one or two letters tell nothing."""
    return module.isascii() and module.isidentifier() and len(module) >= SHORTEST and not module.startswith("_")


def _sole(module: str, names: Collection[str], words: Mapping[str, int]) -> Iterator[str]:
    """Yield the one distribution that a module means, if there is one: stubs and common words mean none."""
    chosen = list(names) if len(names) == 1 else _ports(module, names)
    if len(chosen) != 1 or chosen[0].endswith("-stubs") or "test" in module.lower():
        return
    if _is_related(module, chosen[0]) or any(words[word] < COMMON for word in canonical(module).split("-")):
        yield chosen[0]


def _is_related(module: str, distribution: str) -> bool:
    one, other = canonical(module).replace("-", ""), distribution.replace("-", "")
    return one in other or other in one


def _ports(module: str, names: Iterable[str]) -> list[str]:
    name = canonical(module)
    wanted = {f"python-{name}", f"{name}-python", f"py-{name}", f"py{name}"}
    return [each for each in names if each in wanted]


def render(found: Mapping[str, str]) -> str:
    """Return the table: an empty line, then `MODULE DISTRIBUTION` a line, in byte order."""
    return "\n" + "".join(f"{line}\n" for line in sorted(f"{key} {value}" for key, value in found.items()))
