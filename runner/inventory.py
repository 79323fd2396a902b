"""The store's folders -> what is in them: each layer with its size, age, last use and distributions."""

from __future__ import annotations

import os
import sys

from forerun.resolver.value import Value

from .bytecode import MARKER, compile_lock
from .lease import TAINTED
from .locking import is_used
from .result import Distribution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .store import Store

MEASURED = "measured"
"""A file in a compiled layer that holds its size, so that it is added up once."""


class StoredLayer(Value):
    """A layer in the store: `size` in bytes on disk, `built` and `used` in seconds since the epoch."""

    name: str
    path: str
    size: int
    built: float
    used: float
    is_in_use: bool
    is_tainted: bool
    distributions: tuple[Distribution, ...]


class Inventory(Value):
    """What a store holds; sizes in bytes."""

    folder: str
    layers: tuple[StoredLayer, ...]
    resolutions: int
    predictions: int
    runs: int
    building: int
    other_size: int

    @property
    def size(self) -> int:
        """All bytes on disk."""
        return self.other_size + sum(each.size for each in self.layers)


def inventory(store: Store) -> Inventory:
    """Return what a store holds right now; what vanishes while we look is left out."""
    others = [name for name in _names(store.root) if name != "layers"]
    return Inventory(
        store.folder,
        tuple(stored_layers(store)),
        len(_names(store.path("resolutions"))),
        len(_names(store.path("predictions"))),
        len(_names(store.path("runs"))),
        len(_names(store.path("building"))),
        sum(size_on_disk(store.path(name)) for name in others),
    )


def stored_layers(store: Store) -> list[StoredLayer]:
    """Return the layers of a store, the one that was used last at the end."""
    found = []
    for name in _names(store.path("layers")):
        try:
            found.append(_stored_layer(store, name))
        except OSError:
            continue
    return sorted(found, key=lambda each: (each.used, each.name))


def _stored_layer(store: Store, name: str) -> StoredLayer:
    path = store.path("layers", name)
    try:
        built = os.lstat(os.path.join(path, "pyvenv.cfg")).st_mtime
    except OSError:
        built = os.lstat(path).st_mtime
    return StoredLayer(
        name,
        path,
        _size(path),
        built,
        os.lstat(path).st_mtime,
        _is_held(path) or _is_held(compile_lock(path)),
        os.path.lexists(os.path.join(path, TAINTED)),
        tuple(_distributions(path)),
    )


def _is_held(path: str) -> bool:
    try:
        return is_used(path)
    except OSError:
        return False


def _distributions(path: str) -> Iterator[Distribution]:
    """Yield what is installed in an environment, by the names of its `.dist-info` folders."""
    above = os.path.join(path, "" if sys.platform == "win32" else "lib")
    for version in _names(above):
        for name in sorted(_names(os.path.join(above, version, "site-packages"))):
            if name.endswith(".dist-info"):
                distribution, _, number = name.removesuffix(".dist-info").partition("-")
                yield Distribution(distribution.replace("_", "-").lower(), number)


def _size(path: str) -> int:
    """Return a layer's size on disk: added up once when it is complete, each time before."""
    note = os.path.join(path, MEASURED)
    try:
        compiled = os.lstat(os.path.join(path, MARKER)).st_mtime_ns
        if os.lstat(note).st_mtime_ns >= compiled:
            with open(note, encoding="ascii") as file:
                return int(file.read())
    except FileNotFoundError:
        if not os.path.lexists(os.path.join(path, MARKER)):
            return size_on_disk(path)
    except (OSError, ValueError):
        pass
    used = os.lstat(path).st_mtime_ns
    size = size_on_disk(path)
    with open(note, "w", encoding="ascii") as file:
        file.write(str(size))
    # A new file in the folder must not look like a use.
    os.utime(path, ns=(used, used))
    return size


def size_on_disk(path: str) -> int:
    """Return the bytes that a tree takes up on disk, following no links."""
    total = 0
    waiting = [path]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    total += getattr(status, "st_blocks", status.st_size // 512 + 1) * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue
    return total


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
