"""A base interpreter -> the programs of an environment on Windows, where links are not to be had."""

from __future__ import annotations

import os
import shutil
import sys

from .layout import prefix_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .interpreter import Interpreter

LAUNCHERS = (("venvlauncher.exe", "venvwlauncher.exe"), ("python.exe", "pythonw.exe"))
"""What `venv` copies into an environment: since Python 3.13, and before."""
BESIDE = ("python3", "vcruntime", "zlib")
"""Beginnings of the libraries that an interpreter wants beside it."""


def add_programs(folder: str, interpreter: Interpreter) -> None:
    """Put into a folder what starts the base interpreter for the environment above it.

    Where an installation has no launchers, the interpreter itself is copied: it finds `pyvenv.cfg` just as well.

    Raises:
        OSError: the file system refuses.
    """
    prefix = prefix_of(interpreter.path)
    launchers = os.path.join(prefix, "Lib", "venv", "scripts", "nt")
    for plain, windowed in LAUNCHERS:
        if os.path.isfile(os.path.join(launchers, plain)):
            shutil.copyfile(os.path.join(launchers, plain), os.path.join(folder, "python.exe"))
            if os.path.isfile(os.path.join(launchers, windowed)):
                shutil.copyfile(os.path.join(launchers, windowed), os.path.join(folder, "pythonw.exe"))
            return
    shutil.copyfile(interpreter.path, os.path.join(folder, "python.exe"))
    for name in os.listdir(prefix):
        if name.lower().startswith(BESIDE) and name.lower().endswith(".dll"):
            shutil.copyfile(os.path.join(prefix, name), os.path.join(folder, name))


def is_own_program(name: str) -> bool:
    """Whether a file among an environment's programs is the interpreter's, and no distribution's."""
    return sys.platform == "win32" and name.lower().startswith(("python", *BESIDE))
