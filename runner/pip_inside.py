"""A run's environment -> one in which `pip` and `python -m pip` work, and install into it and nowhere else."""

from __future__ import annotations

import os
import sys

from .layout import PROGRAMS, prefix_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .interpreter import Interpreter

POSIX_PROGRAM = '#!/bin/sh\nexec "$(dirname -- "$(realpath -- "$0")")"/python -m pip "$@"\n'

WINDOWS_PROGRAM = '@"%~dp0python.exe" -m pip %*\n'

PROGRAM = ("pip.bat", WINDOWS_PROGRAM) if sys.platform == "win32" else ("pip", POSIX_PROGRAM)
"""Name and text of the command."""


def add_pip(root: str, interpreter: Interpreter) -> None:
    """Let an environment find the pip that its interpreter brings along (`ensurepip`), without copying it.

    The package that is written points into the interpreter's own archive. An interpreter without one, as some systems
    ship it, gives an environment without pip.

    Raises:
        OSError: the file system refuses.
    """
    archive = _archive(interpreter)
    package = os.path.join(root, interpreter.site_packages, "pip")
    if not archive or os.path.isdir(package):
        return
    inner = os.path.join(archive, "pip")
    os.mkdir(package, 0o700)
    with open(os.path.join(package, "__init__.py"), "w", encoding="utf-8") as file:
        version, own = os.path.basename(archive).split("-")[1], os.path.join(inner, "__init__.py")
        file.write(f"__path__ = [{inner!r}]\n__file__ = {own!r}\n__version__ = {version!r}\n")
    name, text = PROGRAM
    program = os.path.join(root, PROGRAMS, name)
    with open(program, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(program, 0o700)


def _archive(interpreter: Interpreter) -> str:
    own = os.path.join(prefix_of(interpreter.path), interpreter.library)
    bundled = os.path.join(own, "ensurepip", "_bundled")
    try:
        names = [name for name in os.listdir(bundled) if name.startswith("pip-") and name.endswith(".whl")]
    except OSError:
        return ""
    return os.path.join(bundled, names[0]) if names else ""
