"""What a script does with a path: `Use`, and the patterns that rules name paths and arguments by."""

from __future__ import annotations

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_set = object.__setattr__

TEXT = "str"
"""Path of the uses that stand for string constants anywhere in the script."""


class Use(Value):
    """One touch of a path, or one call of it: then `arguments` maps positions and keywords to their text.

    A guarded use stands where the script has another way: by `except`, a test of versions or attributes, or its own
    value for what the library lacks.
    """

    path: str
    line: int
    is_call: bool = False
    arguments: tuple[tuple[str, str], ...] = ()
    is_guarded: bool = False

    # There are tens of thousands of them in a tree: this is a third of what the general constructor takes.
    def __init__(
        self,
        path: str,
        line: int,
        is_call: bool = False,
        arguments: tuple[tuple[str, str], ...] = (),
        is_guarded: bool = False,
    ) -> None:
        _set(self, "path", path)
        _set(self, "line", line)
        _set(self, "is_call", is_call)
        _set(self, "arguments", arguments)
        _set(self, "is_guarded", is_guarded)

    def argument(self, names: Iterable[str]) -> str | None:
        """Return the text of the first of several arguments that is there, or None."""
        given = dict(self.arguments)
        return next((given[name] for name in names if name in given), None)


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern in which `*` stands for anything."""
    head, *parts = pattern.split("*")
    if not parts:
        return pattern == text
    if not text.startswith(head):
        return False
    position = len(head)
    for part in parts[:-1]:
        position = text.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return len(text) - position >= len(parts[-1]) and text.endswith(parts[-1])
