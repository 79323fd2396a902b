"""The argument of `-m` -> a `Source` that imports what `python -m` would run."""

from __future__ import annotations

import os

from forerun.resolver.source import from_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from forerun.resolver.source import Source


def source_of_module(module: str, folder: str) -> Source:
    """Return code that imports a module or package as `python -m` finds it: in the current folder, or installed.

    What is no module name leads to no import: Python itself says what it thinks of it.
    """
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return from_code("", beside=folder)
    main = os.path.join(folder, *parts, "__main__.py")
    return from_code(f"import {module}{'.__main__' if os.path.isfile(main) else ''}\n", beside=folder)
