"""Text -> the lines on which it may import by a call, so that the other statements need no closer look."""

from __future__ import annotations

from bisect import bisect_left

WORDS = ("import_module", "__import__", "importorskip", "exec", "eval")
"""What is called; a line with one may give it another name, too."""
LONGEST_CHAIN = 3
"""Names that are given to one another."""


class CallLines:
    """Answers whether a statement may hold an importing call, by the lines that it covers."""

    def __init__(self, text: str) -> None:
        # Lines are counted as Python counts them only where nothing but line feeds ends them.
        self._is_known = bool(text) and "\r" not in text
        lines = text.split("\n") if self._is_known else []
        words = set(WORDS)
        for _ in range(LONGEST_CHAIN):
            words |= {name for line in lines if _has(line, words) for name in _names_given(line)}
        self._found = [number for number, line in enumerate(lines, start=1) if _has(line, words)]

    def may_be_in(self, first: int, last: int | None) -> bool:
        """Whether one of the lines from the first to the last may hold an importing call."""
        if not self._is_known or last is None:
            return True
        at = bisect_left(self._found, first)
        return at < len(self._found) and self._found[at] <= last


def _has(line: str, words: set[str]) -> bool:
    return any(word in line for word in words)


def _names_given(line: str) -> list[str]:
    """Return the names that a line may give to what it mentions: before `=`, and after `as`."""
    targets = [part for part in line.replace(":=", "=").split("=")[:-1] if not part.endswith(("!", "<", ">"))]
    tokens = [token for part in targets for token in part.replace(",", " ").replace("(", " ").split()]
    tokens += [part.replace(",", " ").split()[0] for part in line.split(" as ")[1:] if part.strip(" ,")]
    return [token.strip("()[]:;") for token in tokens if token.strip("()[]:;").isidentifier()]
