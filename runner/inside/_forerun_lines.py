"""Inside the script's interpreter: the text of a code string -> the lines that tracebacks show, without a file.

Standard library only, Python 3.8 and later. `linecache` is dear to import, and few programs need it: so it is filled
when something imports it, by a finder (see "Finders and loaders" in the language reference) that then goes away.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    Parts = list[tuple[str, str]]
    """Names and sources."""


def show_lines_of(parts: Parts) -> None:
    """Let tracebacks, warnings and `inspect` find the sources of code that was compiled under names."""
    loaded = sys.modules.get("linecache")
    if loaded is not None:
        _fill(loaded, parts)
    else:
        sys.meta_path.insert(0, _Finder(parts))


def _fill(linecache: ModuleType, parts: Parts) -> None:
    for name, source in parts:
        # Without a time of change, so that no file of that name is looked at instead.
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)


class _Finder:
    """Finds `linecache` alone, as the other finders do, and has it filled once it is loaded."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def find_spec(self, module: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec that the next finder has."""
        if module != "linecache":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(module, path, target)
            if spec is not None:
                spec.loader = _Loader(spec.loader, self._parts)  # type: ignore[assignment]
                return spec
        return None


class _Loader:
    """Loads as another loader does, and fills the module."""

    def __init__(self, loader: Any, parts: Parts) -> None:
        self._loader = loader
        self._parts = parts

    def create_module(self, spec: Any) -> Any:
        """Do what the other does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        """Do what the other does, and put it back into its place."""
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _fill(module, self._parts)
