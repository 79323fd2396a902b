"""A requirements file in pip's form -> its entries: requirements, files that it includes, and what is left out."""

from __future__ import annotations

import os
import re

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    EntryKind = Literal["requirement", "file", "constraints", "problem"]

_INCLUDE = re.compile(r"(?:-r|--requirement|(-c|--constraint))(?:\s*=\s*|\s*)(\S.*)")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s*=\s*|\s+)(\S.*)")
_INDEX = re.compile(r"-i\b|-f\b|--(?:index-url|extra-index-url|find-links|no-index)\b")
_OPTION = re.compile(r"\s--?[a-z]")
_ADDRESS = re.compile(r"(?:(?:git|hg|svn|bzr)\+)?[a-z+]+://", re.IGNORECASE)
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)(\[[^\]]*\])?")
_WHEEL = re.compile(r"([A-Za-z0-9][A-Za-z0-9._]*)-[^/]*\.whl(?:$|[?#])")

GIVE_PATH = "give it with --with 'NAME @ file://...' where it is needed"


class Entry(Value):
    """One entry: its text is a requirement (PEP 508), a path as the file writes it, or what is wrong with it."""

    kind: EntryKind
    text: str
    line: int


def entries(text: str) -> Iterator[Entry]:
    """Yield the entries of a requirements file ("Requirements File Format" in pip's documentation), in order."""
    for number, line in _logical_lines(text):
        included = _INCLUDE.fullmatch(line)
        editable = _EDITABLE.fullmatch(line)
        if included:
            yield Entry("constraints" if included[1] else "file", included[2].strip("\"'"), number)
        elif editable:
            yield from _addressed(editable[1].strip("\"'"), number)
        elif _INDEX.match(line):
            name = re.split(r"[\s=]", line, maxsplit=1)[0]
            yield Entry("problem", f"its {name} is not read; set UV_INDEX, UV_DEFAULT_INDEX or UV_FIND_LINKS", number)
        elif not line.startswith("-"):
            yield from _plain(_OPTION.split(line, maxsplit=1)[0].strip(), number)


def _plain(text: str, number: int) -> Iterator[Entry]:
    is_path = text.startswith((".", "/", "~", "file:")) or text.endswith((".whl", ".tar.gz", ".zip"))
    if (is_path and " @ " not in text) or _ADDRESS.match(text):
        yield from _addressed(text, number)
    else:
        yield Entry("requirement", text, number)


def _addressed(text: str, number: int) -> Iterator[Entry]:
    """Yield a requirement for a URL whose distribution is named, and say what is left out."""
    if " @ " in text:
        yield Entry("requirement", text, number)
    elif not _ADDRESS.match(text) or text.lower().startswith("file:"):
        # The project itself, with extras or without, is no requirement of it.
        if os.path.normpath(text.partition("[")[0]) != ".":
            yield Entry(
                "problem",
                "it names a path, which is left out; where it is needed, say --with 'NAME @ file://...'",
                number,
            )
    else:
        egg, wheel = _EGG.search(text), _WHEEL.search(text)
        if egg:
            address, _, fragment = text.partition("#")
            kept = "&".join(part for part in fragment.split("&") if not part.startswith("egg="))
            yield Entry("requirement", f"{egg[1]}{egg[2] or ''} @ {address}{'#' if kept else ''}{kept}", number)
        elif wheel:
            yield Entry("requirement", f"{wheel[1]} @ {text}", number)
        else:
            yield Entry("problem", "it names a URL and no distribution; write NAME @ URL", number)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers: comments dropped, continuations joined."""
    waiting: list[str] = []
    start = 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        start = start or number
        bare = re.sub(r"(?:^|(?<=\s))#.*", "", line)
        if bare.endswith("\\") and bare == line:
            waiting.append(line[:-1])
            continue
        whole = "".join([*waiting, bare]).strip()
        if whole:
            yield start, whole
        waiting, start = [], 0
