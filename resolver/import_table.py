"""`data/import_map.json` -> its rows, looked up by section and key.

The table is searched as bytes, since parsing it would cost more than everything else: `data/README.md` says how
its rows are laid out. Who asks often is answered from indexes, so that a file with many imports takes linear time.
"""

from __future__ import annotations

from forerun import data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SECTIONS = ("modules", "same", "patterns", "contested", "hosts", "local", "removed")
FEW = 200
"""Questions to a section that are answered by searching it; more are answered from an index."""

_table = b""
_keys = b""
_bounds: dict[str, tuple[int, int]] = {}
_asked: dict[str, int] = {}
_indexed: dict[str, dict[str, str]] = {}
_curated: set[str] = set()
_lowered: set[str] = set()
_prefixes: set[str] = set()


def row(section: str, key: str) -> tuple[str, ...] | None:
    """Return the strings of one row of the table, () for a bare name, or None where there is no such row."""
    if section in _indexed:
        indexed = _indexed[section].get(key)
        return None if indexed is None else tuple(indexed.split('"')[3::2])
    if not key.isascii():
        return None
    _count(section)
    table, (start, end) = _section(section)
    name = b'\n"' + key.encode() + b'"'
    found = table.find(name, start, end)
    while found >= 0:
        stop = table.index(b"\n", found + 1)
        line = table[found:stop]
        if line[len(name) : len(name) + 1] in (b":", b",", b""):
            return tuple(line.decode().split('"')[3::2])
        found = table.find(name, stop, end)
    return None


def _count(section: str) -> None:
    """Count a question to a section, and index its lines by their keys once there are many."""
    _asked[section] = _asked.get(section, 0) + 1
    if _asked[section] == FEW:
        table, (start, end) = _section(section)
        lines = [line for line in table[start:end].decode().split("\n") if line.startswith('"')]
        _indexed[section] = {line[1 : line.index('"', 1)]: line for line in reversed(lines)}


def rows(section: str) -> Iterable[tuple[str, ...]]:
    """Yield the strings of every row of a section, its key first."""
    table, (start, end) = _section(section)
    for line in table[start:end].decode().split("\n"):
        if line.startswith('"'):
            yield tuple(line.split('"')[1::2])


def is_curated_distribution(name: str) -> bool:
    """Whether a canonical name is the distribution of a curated row."""
    if row("same", name.replace("-", "_")) is not None or row("same", name) is not None:
        return True
    if not name:
        return False
    if "same" in _indexed:
        return name in _curated_distributions()
    table, (start, end) = _section("modules")
    # A value stands after a space or a bracket, a key after a line break.
    written = (before + name.encode() + after for before in (b' "', b'["') for after in (b'"', b" "))
    return any(table.find(each, start, end) >= 0 for each in written)


def _curated_distributions() -> set[str]:
    """Return what the rows of `modules` name; each value begins with a distribution."""
    if not _curated:
        values = (value for _, *values in rows("modules") for value in values)
        _curated.update(value.partition(" ")[0] for value in values)
    return _curated


def is_namesake(name: str) -> bool:
    """Whether a canonical name is one under which people import another project, in any case: `jwt`, `crypto`."""
    if is_curated_distribution(name):
        return False
    if "same" in _indexed:
        return not _lowered_names().isdisjoint((name, name.replace("-", "_")))
    keys = _lowered_keys()
    return any(b'\n"' + each.encode() + b'"' in keys for each in (name, name.replace("-", "_")))


def _lowered_keys() -> bytes:
    """Return the rows of every section whose names are not, or not surely, those of their distributions."""
    global _keys
    if not _keys:
        parts = (_section(name) for name in ("modules", "contested", "hosts", "local", "removed"))
        _keys = b"\n".join(table[start:end] for table, (start, end) in parts).lower()
    return _keys


def _lowered_names() -> set[str]:
    if not _lowered:
        lines = _lowered_keys().decode().split("\n")
        _lowered.update(line.split('"', 2)[1] for line in lines if line.startswith('"'))
    return _lowered


def _section(name: str) -> tuple[bytes, tuple[int, int]]:
    global _table
    if not _table:
        _table = data.read("import_map.json")
        starts = [_table.index(b'"' + each.encode() + b'": ') for each in SECTIONS] + [len(_table)]
        _bounds.update(
            {each: (starts[index] + len(each) + 4, starts[index + 1]) for index, each in enumerate(SECTIONS)}
        )
    return _table, _bounds[name]


def has_longer(module: str) -> bool:
    """Whether some row of `modules` is longer than a module name, by a dot and more."""
    if "modules" in _indexed:
        return module in _longer_than()
    table, (start, end) = _section("modules")
    return table.find(b'\n"' + module.encode("utf-8", "replace") + b".", start, end) >= 0


def _longer_than() -> set[str]:
    if not _prefixes:
        keys = (key for key, *_ in rows("modules"))
        _prefixes.update(key[:at] for key in keys for at in range(len(key)) if key[at] == ".")
    return _prefixes
