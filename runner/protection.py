"""A run that must not change the store -> the way in which this machine can see to that, found by trying each once."""

from __future__ import annotations

import os
import sys
import tempfile

from .bytecode import compile_command
from .fingerprint import fingerprint
from .landlock import is_bearable
from .lease import taint
from .mount import can_mount_for
from .process import run_tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from .environment import Environment
    from .process import Cancellation
    from .request import Request

    Way = Literal["", "namespace", "landlock", "fingerprint"]

CHANGED = (
    "the script changed the files of the distributions that were installed for it; "
    "they are not used again, and the next run gets new ones"
)

_has_landlock = sys.platform.startswith("linux")


def way_for(request: Request, store: str) -> Way:
    """Return how the store is kept from a run; "" where the run may do with it what it likes.

    In a mount namespace it is read-only. Landlock closes the folders above it too, so that it is used only where
    these are nobody's working place. Else changes are noticed afterwards.
    """
    if not request.protects_store or request.is_sandboxed:  # A sandbox shows its own layer alone, read-only.
        return ""
    if can_mount_for(request, is_closed=True):
        return "namespace"
    usual = [os.path.expanduser("~"), tempfile.gettempdir(), request.folder or os.getcwd()]
    usual += [source for _, source in (*request.mounts, *([request.translated] if request.translated else []))]
    return "landlock" if _has_landlock and is_bearable(store, usual) else "fingerprint"


def give_up_landlock() -> None:
    """Remember that this kernel has no Landlock for us, so that it is not asked again."""
    global _has_landlock
    _has_landlock = False


class Watch:
    """Compares a layer after a run with what it was before; of no effect where the run cannot change it."""

    def __init__(self, way: Way, layer: str, environment: Environment, cancellation: Cancellation | None) -> None:
        self._layer = layer if way in ("landlock", "fingerprint") else ""
        if self._layer:
            # Bytecode that comes into being beside the run could not be told from what the script puts there.
            command = compile_command(layer, environment.interpreter)
            if command:
                run_tool(command, {}, environment.folder, None, cancellation)
            self._before = fingerprint(layer)

    def notes(self) -> tuple[str, ...]:
        """Return what is to be said after the run; a layer that was changed is not used again."""
        if not self._layer or fingerprint(self._layer) == self._before:
            return ()
        taint(self._layer)
        return (CHANGED,)
