"""A layer in use -> a lock on its folder that pruning respects; a layer that a script has changed -> not used again."""

from __future__ import annotations

import os

from .locking import use
from .opening import CLOSED_ON_EXEC, FOLLOW_NO_LINK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .locking import Held

TAINTED = "tainted"
"""A file in a layer that a script has written into: it is not used again, and goes when its last run has ended."""


def hold(folder: str, name: str = "") -> Held | None:
    """Use a layer from now on, and note that it was used; None where it is gone or not to be used any more.

    `name` is the path that it is about to get, "" where it has it already.
    """
    held = use(folder, name)
    if held is None or not is_usable(folder):
        return None
    try:
        # The time of its last use, by which pruning chooses; that of its building is its pyvenv.cfg's.
        os.utime(folder)
    except OSError:
        return None
    return held


def is_usable(folder: str) -> bool:
    """Whether a folder is a whole layer that no script has written into."""
    return os.path.isfile(os.path.join(folder, "pyvenv.cfg")) and not os.path.lexists(os.path.join(folder, TAINTED))


def taint(folder: str) -> None:
    """Let no later run use a layer."""
    try:
        # The script may have taken our rights on it away.
        os.chmod(folder, 0o700)
        marker = os.path.join(folder, TAINTED)
        os.close(os.open(marker, os.O_CREAT | os.O_WRONLY | CLOSED_ON_EXEC | FOLLOW_NO_LINK, 0o600))
    except OSError:
        # It is no folder any more, or the marker is there already, as something else: no layer in either case.
        pass
