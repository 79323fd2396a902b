"""What processes that were killed have left in the store -> gone, safely while others run."""

from __future__ import annotations

import os
import time

from .deletion import delete
from .locking import is_used

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .store import Store

RECORD = "control-groups"
"""A file in the folder of a run: where its control groups are."""


def discard(folder: str) -> None:
    """Delete a folder, and first what is left of its control groups, as when a supervisor was killed."""
    try:
        if os.path.lexists(os.path.join(folder, RECORD)):
            from .control_group import end_left_behind

            end_left_behind(folder)
    finally:
        delete(folder)


HIDDEN_FOR = 60.0
"""Seconds after which a folder that is still hidden has no owner any more."""


def abandoned(store: Store, kind: str) -> Iterator[str]:
    """Yield the folders in `runs` or `building` whose process is gone."""
    for entry in os.scandir(store.path(kind)):
        try:
            is_new = entry.name.startswith(".") and time.time() - entry.stat().st_mtime < HIDDEN_FOR
            if not is_new and not _is_used(entry.path):
                yield entry.path
        except OSError:
            continue


def _is_used(folder: str) -> bool:
    """Whether somebody holds a folder that is deleted otherwise, though its script took our rights on it away."""
    try:
        return is_used(folder)
    except PermissionError:
        os.chmod(folder, 0o700)
        return is_used(folder)


def recover(store: Store) -> None:
    """Delete what killed processes left behind, safely while others run."""
    for kind in ("runs", "building"):
        for folder in list(abandoned(store, kind)):
            discard(folder)
