"""A run's environment -> one in which `pip` and `python -m pip` work, and install into it and nowhere else."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .interpreter import Interpreter

PROGRAM = '#!/bin/sh\nexec "$(dirname -- "$(realpath -- "$0")")"/python -m pip "$@"\n'


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
        version = os.path.basename(archive).split("-")[1]
        file.write(f"__path__ = [{inner!r}]\n__file__ = {inner + '/__init__.py'!r}\n__version__ = {version!r}\n")
    program = os.path.join(root, "bin", "pip")
    with open(program, "w", encoding="utf-8") as file:
        file.write(PROGRAM)
    os.chmod(program, 0o700)


def _archive(interpreter: Interpreter) -> str:
    prefix = os.path.dirname(os.path.dirname(interpreter.path))
    library = os.path.join(prefix, os.path.dirname(interpreter.site_packages))
    bundled = os.path.join(library, "ensurepip", "_bundled")
    try:
        names = [name for name in os.listdir(bundled) if name.startswith("pip-") and name.endswith(".whl")]
    except OSError:
        return ""
    return os.path.join(bundled, names[0]) if names else ""
