"""Any text -> its logical lines: strings emptied, comments dropped, brackets and backslashes joined.

Everything is read once and handed on line by line, so that time is linear and a large text is not held twice.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SOFT = "\x01"
"""Stands for a line break that does not end a logical line."""

# Possessive throughout, and an unclosed string takes the rest of its line: no character is looked at twice.
_STRING = r"""'(?:[^'\\\n]|\\[\s\S])*+'?|"(?:[^"\\\n]|\\[\s\S])*+"?"""
_TOKENS = re.compile(r"""[rRbBuUfFtT]{0,2}('''|\"\"\")|[rRbBuUfFtT]{0,2}(?:""" + _STRING + r")|\#[^\n]*|\\\n")
_SINGLE = re.compile(_STRING)
_REST = {
    "'''": re.compile(r"""(?:[^'\\]|\\[\s\S]|'(?!''))*+'''"""),
    '"""': re.compile(r'''(?:[^"\\]|\\[\s\S]|"(?!""))*+"""'''),
}
_SYSTEMS = frozenset(
    {
        "win32",
        "linux",
        "linux2",
        "darwin",
        "cygwin",
        "win",
        "nt",
        "posix",
        "java",
        "Windows",
        "Linux",
        "Darwin",
    }
)
_RESTART = re.compile(r"\s*(?:import\s+\w|from\s+[\w.]+\s+import\b|def\s+\w|class\s+\w)")
_OPENING = re.compile(r"[(\[{]")
_CLOSING = re.compile(r"[)\]}]")
_IMPORTING = re.compile(r"(?:__import__|import_module|importorskip)\s*\(\s*$")
_NAME = re.compile(r"[rRuU]?(['\"])[^\W\d]\w*(?:\.[^\W\d]\w*)*\1")
LONGEST_CALL = 40
"""Characters before a string in which the name of an importing call stands."""


class Line:
    """A logical line: its text on one line, its indent in columns, and how many line breaks it swallowed.

    Not a Value: a large file has a million of them.
    """

    __slots__ = ("indent", "swallowed", "text")

    def __init__(self, text: str, indent: int, swallowed: int) -> None:
        self.text = text
        self.indent = indent
        self.swallowed = swallowed


def blank_strings(text: str) -> str:
    """Return the text with strings emptied, comments dropped and soft breaks where no logical line ends."""
    return "".join(_blanked(text))


def _blanked(text: str) -> Iterator[str]:
    clean = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ").replace(SOFT, " ").replace("\0", " ")

    unclosed: set[str] = set()
    done = 0
    match = _TOKENS.search(clean)
    while match:
        end = _end_of_string(clean, match, unclosed) if match[1] else match.end()
        yield clean[done : match.start()]
        yield _blank(clean[match.start() : end], clean, match.start())
        done = end
        match = _TOKENS.search(clean, end)
    yield clean[done:]


def _end_of_string(text: str, opening: re.Match[str], unclosed: set[str]) -> int:
    """Return where a triple-quoted string ends; one that is never closed is read as an empty one and a short one."""
    quotes = opening[1]
    # What is not closed once is not looked for again, so that the text is not read to its end each time.
    closing = None if quotes in unclosed else _REST[quotes].match(text, opening.end())
    if closing:
        return closing.end()
    unclosed.add(quotes)
    short = _SINGLE.match(text, opening.end() - 1)
    return short.end() if short else opening.end()


def _blank(token: str, text: str, start: int) -> str:
    """Return what stands for a token; the name of a system stays, and that of a module that a call imports."""
    if token[0] == "#":
        return ""
    if token[1:-1] in _SYSTEMS:
        return token
    if token[0] != "\\" and _IMPORTING.search(text, max(0, start - LONGEST_CALL), start) and _NAME.fullmatch(token):
        return token
    return ("" if token[0] == "\\" else "''") + SOFT * token.count("\n")


def _physical_lines(pieces: Iterable[str]) -> Iterator[str]:
    rest: list[str] = []
    for piece in pieces:
        first, *others = piece.split("\n")
        rest.append(first)
        if others:
            yield "".join(rest)
            yield from others[:-1]
            rest = [others[-1]]
    yield "".join(rest)


def logical_lines(text: str) -> Iterator[Line]:
    """Yield the logical lines of a text; a bracket that is never closed ends at the next import, def or class."""
    parts: list[str] = []
    depth = 0
    for line in _physical_lines(_blanked(text)):
        if depth > 0 and _RESTART.match(line):
            yield _joined(parts)
            parts, depth = [], 0
        parts.append(line)
        depth = max(0, depth + len(_OPENING.findall(line)) - len(_CLOSING.findall(line)))
        if depth == 0:
            yield _joined(parts)
            parts = []
    if parts:
        yield _joined(parts)


def _joined(parts: list[str]) -> Line:
    if len(parts) == 1 and not parts[0].startswith((" ", "\t", SOFT)):
        return Line(parts[0].replace(SOFT, " ").rstrip(), 0, parts[0].count(SOFT))
    whole = SOFT.join(parts)
    first = whole.lstrip(" \t" + SOFT)
    lead = whole[: len(whole) - len(first)].replace(SOFT, "").expandtabs(8)
    return Line(first.replace(SOFT, " ").rstrip(), len(lead), whole.count(SOFT))
