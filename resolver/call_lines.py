"""Text -> the lines on which it may import by a call, so that the other statements need no closer look."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = frozenset({"import_module", "__import__", "importorskip", "exec", "eval"})
"""What is called; a line with one may give it another name, too."""

LONGEST_CHAIN = 3
"""Names that are given to one another."""
MOST_NAMES = 50
"""Names that are looked for; with more of them, every statement gets its closer look."""


class CallLines:
    """Answers whether a statement may hold an importing call, by the lines that it covers."""

    def __init__(self, text: str) -> None:
        # Lines are counted as Python counts them only where nothing but line feeds ends them.
        found = _lines_of(text) if text and "\r" not in text else None
        self._is_known = found is not None
        self._found = sorted(found or ())

    def may_be_in(self, first: int, last: int | None) -> bool:
        """Whether one of the lines from the first to the last may hold an importing call."""
        if not self._is_known or last is None:
            return True
        at = bisect_left(self._found, first)
        return at < len(self._found) and self._found[at] <= last


def _lines_of(text: str) -> set[int] | None:
    """Return the numbers of the lines with one of the words, or a name given to one; None where there are too many."""
    lines = text.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    found: set[int] = set()
    words, known = set(WORDS), set[str]()
    for _ in range(LONGEST_CHAIN):
        new = {bisect_right(starts, at) for word in words for at in _places(text, word)} - found
        found |= new
        known |= words
        words = {name for line in new for name in _names_given(lines[line - 1])} - known
        if len(words) > MOST_NAMES:
            return None
    return found | {bisect_right(starts, at) for word in words for at in _places(text, word)}


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def _names_given(line: str) -> list[str]:
    """Return the names that a line may give to what it mentions: before `=`, and after `as`."""
    targets = [part for part in line.replace(":=", "=").split("=")[:-1] if not part.endswith(("!", "<", ">"))]
    tokens = [token for part in targets for token in part.replace(",", " ").replace("(", " ").split()]
    tokens += [part.replace(",", " ").split()[0] for part in line.split(" as ")[1:] if part.strip(" ,")]
    return [token.strip("()[]:;") for token in tokens if token.strip("()[]:;").isidentifier()]
