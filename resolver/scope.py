"""Names in a function or module -> the paths of what they are bound to."""

from __future__ import annotations

from .literals import Literals


class Scope:
    """Names and their paths in a function or module; what is not found here is looked for around it."""

    def __init__(self, around: Scope | None = None) -> None:
        self.around = around
        self.paths: dict[str, str] = {}
        self.literals: Literals = Literals(around.literals if around else None)

    def path(self, name: str) -> str:
        """Return the path bound to a name, or ""."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.paths:
                return scope.paths[name]
            scope = scope.around
        return ""
