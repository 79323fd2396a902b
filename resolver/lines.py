"""Text -> the lines on which something stands, so that statements on other lines need no closer look."""

from __future__ import annotations

from bisect import bisect_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ast
    from collections.abc import Iterable, Iterator


class Lines:
    """Some lines of a text: `numbers` count from 1 on, in order; None stands for every line."""

    def __init__(self, numbers: Iterable[int] | None) -> None:
        self.numbers = None if numbers is None else sorted(numbers)

    def touch(self, first: int, last: int | None) -> bool:
        """Whether one of the lines stands from the first to the last; the last one of a text may be unknown."""
        if self.numbers is None or last is None:
            return True
        at = bisect_left(self.numbers, first)
        return at < len(self.numbers) and self.numbers[at] <= last

    def __or__(self, other: Lines) -> Lines:
        return Lines(None if self.numbers is None or other.numbers is None else {*self.numbers, *other.numbers})


def lines_with(words: Iterable[str], text: str) -> Lines:
    """Return the lines with one of some words."""
    if not is_counted(text):
        return Lines(None)
    return Lines({number for word in words for number in _numbers(word, text)})


def _numbers(word: str, text: str) -> Iterator[int]:
    """Yield the number of each line with a word, once for each place where it stands there."""
    number, before = 1, 0
    at = text.find(word)
    while at >= 0:
        number += text.count("\n", before, at)
        yield number
        before, at = at, text.find(word, at + len(word))


def is_counted(text: str) -> bool:
    """Whether the lines of a text, if there is any, end where Python's own end: at each line feed, and nowhere else."""
    return bool(text) and text.count("\r") == text.count("\r\n")


def own_lines(statement: _ast.stmt) -> tuple[int, int | None]:
    """Return the first and last line of a statement without the statements below it; decorators stand above it."""
    decorators = getattr(statement, "decorator_list", ())
    body = getattr(statement, "body", ())
    first = min((each.lineno for each in decorators), default=statement.lineno)
    return first, body[0].lineno if body else statement.end_lineno
