"""Path of a call or an item -> the path of what it gives, as `data/returns.json` knows from documentation."""

from __future__ import annotations

from .use import matches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_KNOWN = 20_000
"""Answers that are kept, so that a hostile text cannot fill the memory with paths."""


class Returns:
    """Answers what paths give; the first of its rows (pattern, path) that matches counts."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        self._rows: dict[str, list[tuple[str, str]]] = {}
        for pattern, kind in rows:
            self._rows.setdefault(pattern.partition(".")[0], []).append((pattern, kind))
        self._known: dict[str, str] = {}

    def of(self, path: str) -> str:
        """Return what a path gives, "" for something that is not to be followed, or the path where no row matches."""
        if path not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            rows = self._rows.get(path.partition(".")[0], ())
            self._known[path] = next((kind for pattern, kind in rows if matches(pattern, path)), path)
        return self._known[path]
