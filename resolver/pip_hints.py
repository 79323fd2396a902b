"""Script text -> the `pip install` lines in its comments and magics, as requirements written by its author."""

from __future__ import annotations

import itertools
import re

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMAND = re.compile(r"\b(?:pip3?|uv pip|uv) +(?:install|add) +([^\n]{1,1000})")
_NAME = re.compile(
    r"[A-Za-z][A-Za-z0-9._-]*(?:\[[A-Za-z0-9,._-]+\])?(?:(?:[<>=!~]=?|===?)[A-Za-z0-9.*+!_-]+(?:,[<>=!~]=?[A-Za-z0-9.*]+)*)?"
)
_TAKES_VALUE = frozenset(
    {"-r", "-c", "-e", "-i", "-f", "-t", "--index-url", "--extra-index-url", "--target", "--find-links"}
)
_PROSE = frozenset(
    "a add after again all also an and any are as at be before but by can do first for from have how if in into is it "
    "it's its just like line me may module my need no not of on once one only or package please run script should so "
    "system terminal that the then there this to try use using via version when which will with work you your".split()
)
"""Words of sentences around a command; a distribution with such a name is not taken from a comment."""

MOST_HINTS = 200


class PipHint(Value):
    """One requirement of a `pip install` line, and where it stands."""

    text: str
    line: int


def pip_hints(text: str) -> list[PipHint]:
    """Return what `# pip install ...`, `%pip install ...` and `!pip install ...` lines name, in order.

    A line is read up to the first word that is no requirement, since comments go on in prose.
    """
    found: list[PipHint] = []
    for match in itertools.islice(_COMMAND.finditer(text), MOST_HINTS):
        before = text[max(text.rfind("\n", 0, match.start()) + 1, match.start() - 1000) : match.start()]
        if before.lstrip().startswith(("%", "!")) or _is_comment(before):
            line = text.count("\n", 0, match.start()) + 1
            found.extend(PipHint(each, line) for each in _named(match[1]))
    return found[:MOST_HINTS]


def _is_comment(before: str) -> bool:
    """Whether what stands before a command on its line opens a comment, and not a string such as an error's text."""
    head, mark, _ = before.partition("#")
    return bool(mark) and head.count('"') % 2 == 0 and head.count("'") % 2 == 0


def _named(rest: str) -> Iterator[str]:
    words = iter(rest.replace('"', " ").replace("'", " ").replace("`", " ` ").split())
    for word in words:
        if word.startswith("-"):
            if word in _TAKES_VALUE:
                next(words, None)
            continue
        bare = word.rstrip(",;.)")
        if not _NAME.fullmatch(bare) or bare.lower() in _PROSE:
            return
        yield bare
        if word != bare and not word.endswith(","):
            return
