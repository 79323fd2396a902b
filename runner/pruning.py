"""A store that has grown -> one within its limits: what was used longest ago goes first, what is in use stays."""

from __future__ import annotations

import os
import sys
import time

from forerun.resolver.value import Value

from .bytecode import compile_lock
from .deletion import delete
from .errors import RunnerError
from .inventory import StoredLayer, stored_layers
from .lease import is_usable
from .locking import remove_if_free, take_away
from .recovery import abandoned, recover
from .store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_MAX_SIZE = "10GB"
MAX_SIZE_VARIABLE = "FORERUN_CACHE_MAX_SIZE"
"""How big the layers of a store may become, all in all, before pruning starts by itself."""

UNUSED_FOR = 90 * 24 * 3600.0
"""Seconds after which a layer that nobody used goes by itself."""

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}


class Pruned(Value):
    """What pruning took away, and the layers that it wanted to take but that were in use."""

    removed: tuple[StoredLayer, ...]
    in_use: tuple[StoredLayer, ...]
    leftovers: int

    @property
    def size(self) -> int:
        """Bytes on disk that the removed layers took."""
        return sum(each.size for each in self.removed)


def bytes_of(text: str) -> int | None:
    """Return the bytes that a size such as `5GB`, `500M` or `2GiB` names, or None where it names none."""
    trimmed = text.strip().upper().removesuffix("B")
    number = trimmed.rstrip("KMGTI")
    try:
        size = float(number) * UNITS[trimmed[len(number) :]]
    except (ValueError, KeyError):
        return None
    return int(size) if 0 <= size < 2**62 else None


def max_size(environment: Mapping[str, str] = os.environ) -> int:
    """Return the bytes that layers may take before pruning starts by itself.

    Raises:
        RunnerError: the environment variable holds no size.
    """
    text = environment.get(MAX_SIZE_VARIABLE) or DEFAULT_MAX_SIZE
    size = bytes_of(text)
    if size is None:
        raise RunnerError(f"{MAX_SIZE_VARIABLE} must be a size such as 5GB or 500MB, not {text!r}")
    return size


def prune(store: Store, largest: int | None = None, longest: float | None = None) -> Pruned:
    """Remove layers until at most `largest` bytes are left, and those not used for `longest` seconds.

    Safe while others run and build: what is in use stays.
    """
    leftovers = _recover(store)
    removed, in_use = [], []
    layers = stored_layers(store)
    total = sum(each.size for each in layers)
    now = time.time()
    for each in layers:
        is_old = longest is not None and now - each.used > longest
        if is_usable(each.path) and not is_old and (largest is None or total <= largest):
            continue
        if _remove(store, each):
            removed.append(each)
            total -= each.size
        else:
            in_use.append(each)
    _forget_resolutions(store)
    _forget_predictions(store, 0.0 if largest == 0 else longest)
    _remove_locks(store)
    return Pruned(tuple(removed), tuple(in_use), leftovers)


def _recover(store: Store) -> int:
    """Delete what killed processes left behind, and say how many folders that were."""
    left = sum(1 for kind in ("runs", "building") for _ in abandoned(store, kind))
    recover(store)
    for name in os.listdir(store.path("trash")):
        delete(store.path("trash", name))
    return left


def _remove(store: Store, layer: StoredLayer) -> bool:
    lock = compile_lock(layer.path)
    away = store.path("trash", f"{layer.name}-{time.time_ns():x}")
    if not take_away(layer.path, away, [lock] if os.path.exists(lock) else []):
        return False
    delete(away)
    return True


def _forget_resolutions(store: Store) -> None:
    """Delete the remembered resolutions whose layer is gone."""
    for name in os.listdir(store.path("resolutions")):
        path = store.path("resolutions", name)
        try:
            with open(path, encoding="utf-8") as file:
                layer = file.readline().strip()
            if not os.path.isdir(store.path("layers", layer)):
                os.unlink(path)
        except (OSError, ValueError):
            continue


def _forget_predictions(store: Store, longest: float | None) -> None:
    """Delete what was predicted for scripts more than `longest` seconds ago; there is a bounded number of it anyway."""
    for name in os.listdir(store.path("predictions")):
        path = store.path("predictions", name)
        try:
            if longest is not None and time.time() - os.lstat(path).st_mtime >= longest:
                delete(path)
        except OSError:  # Another one was quicker.
            continue


def _remove_locks(store: Store) -> None:
    """Delete the files of locks that nobody has."""
    for name in os.listdir(store.path("locks")):
        remove_if_free(store.path("locks", name))


def command(store: Store) -> list[str]:
    """Return the command that prunes a store in a process of its own, with the limits that hold by default.

    Raises:
        RunnerError: the environment's limit is no size.
    """
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    starter = (
        f"import os, sys; hasattr(os, 'nice') and os.nice(19); sys.path.insert(0, {root!r}); "
        f"from forerun.runner.pruning import main; main({store.folder!r}, {max_size()})"
    )
    return [sys.executable, "-I", "-S", "-c", starter]


def main(folder: str, largest: int) -> None:
    """Prune a store; may be ended at any moment, since a layer goes by a rename, and is deleted afterwards."""
    prune(Store(folder), largest, UNUSED_FOR)
