"""Layer -> the job that compiles it while the script runs, or None where that is done."""

from __future__ import annotations

import os

from .environment import INSIDE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .interpreter import Interpreter

MARKER = "compiled"


def compile_command(layer: str, interpreter: Interpreter) -> list[str]:
    """Return the command that compiles a layer in place, or [] where there is nothing to do.

    The layer is published before it is compiled as a whole, so that a first run need not wait. Adding bytecode changes
    nothing that a script can see but the time that its imports take; it is written by rename, a file at a time.
    """
    if not layer or os.path.exists(os.path.join(layer, MARKER)):
        return []
    return _command(layer, layer, os.path.join(layer, MARKER), compile_lock(layer), interpreter)


def early_command(root: str, layer: str, folder: str, interpreter: Interpreter) -> list[str]:
    """Return the command that begins to compile what is to become a layer, and lies in `root` until it is checked.

    `folder` is one of the builder's own, for the lock. Nothing is marked as done: what is checked may be thrown away.
    """
    return _command(root, layer, "", os.path.join(folder, "compile"), interpreter)


def _command(root: str, layer: str, marker: str, lock: str, interpreter: Interpreter) -> list[str]:
    site_packages, shown = (os.path.join(each, interpreter.site_packages) for each in (root, layer))
    program = os.path.join(INSIDE, "_forerun_compile.py")
    return [interpreter.path, "-I", "-S", program, site_packages, marker, lock, shown]


def compile_lock(layer: str) -> str:
    """Return the file that whoever compiles a layer locks."""
    return os.path.join(os.path.dirname(os.path.dirname(layer)), "locks", f"{os.path.basename(layer)}-compile")
