"""The text of a notebook's cell -> Python: lines that only IPython understands are blanked, all others stay in place.

A code string counts as one cell, since people and models paste from notebooks.
"""

from __future__ import annotations

import re

from .empty_value import empty_value
from .imports import LARGEST_TREE, parse
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PYTHON_CELL_MAGICS = frozenset(
    "%%time %%timeit %%capture %%prun %%debug %%python %%python3 %%pypy %%memit %%px %%snakeviz".split()
)
"""Cell magics whose body is run as Python (IPython documentation, "Built-in magic commands"; and of extensions)."""

SHELL_CELL_MAGICS = frozenset("%%bash %%sh %%system %%! %%cmd %%script".split())
"""Cell magics whose body is run by a shell, and may install what the notebook needs."""

PYTHON_LINE_MAGICS = frozenset("%time %timeit %prun %memit".split())
"""Line magics that run what stands behind them and their options."""

MOST_NAMED = 5
"""Lines that are named in a sentence."""

_OPTIONS = re.compile(r"(?:-[nrpstlTDo]\s*+\S++\s++|-\w++\s++)*+")
_ASSIGNED = re.compile(r"[\w.,*\s\[\]()]++(?<!\*)=\s*+(?=[!%]\s*+\w)")
_NAME = re.compile(r"[%!]{1,2}\s*+[\w./~-]{0,30}|\S{1,30}")
_INSTALLS = re.compile(r"\b(?:install|add)\b")

# Possessive, and an unclosed string takes the rest of its line: no character is looked at twice.
_TOKENS = re.compile(
    r"""('''(?:[^'\\]|\\.|'(?!''))*+|\"\"\"(?:[^"\\]|\\.|"(?!""))*+)\\?('''|\"\"\")?"""
    r"""|'(?:[^'\\]|\\.)*+'?|"(?:[^"\\]|\\.)*+"?|\#.*|[(\[{]|[)\]}]"""
)
_REST = {
    "'''": re.compile(r"""(?:[^'\\]|\\.|'(?!''))*+'''"""),
    '"""': re.compile(r'''(?:[^"\\]|\\.|"(?!""))*+"""'''),
}


class Skipped(Value):
    """Lines, counted from 1 on, that are not executed: how the first begins, and whether it may install, or assigns."""

    first: int
    last: int
    name: str
    installs: bool = False
    assigns: bool = False

    def __str__(self) -> str:
        lines = f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"
        return f"{lines} ({self.name})"


def python_of_cell(text: str) -> tuple[str, tuple[Skipped, ...]]:
    """Return the Python of a cell, as many lines as it has, and what of it is not executed.

    What is Python stays as it is. Of a shell's cell the lines become comments, so that what they install is seen.
    """
    magic = _cell_magic(text)
    if not magic or magic in PYTHON_CELL_MAGICS:
        return (text, ()) if len(text) > LARGEST_TREE or _parses(text) else _without_magics(text)
    body = _as_comments(text) if magic in SHELL_CELL_MAGICS else "\n" * text.count("\n")
    end = text.rstrip().count("\n") + 1
    return body, (Skipped(1, end, magic, magic in SHELL_CELL_MAGICS and bool(_INSTALLS.search(text))),)


def not_executed(skipped: Sequence[tuple[str, Skipped]]) -> str:
    """Return a sentence that names lines which are not executed, each with the cell where it stands; "" for none."""
    if not skipped:
        return ""
    named = [f"{cell}{each}" for cell, each in skipped[:MOST_NAMED]]
    if len(skipped) > MOST_NAMED:
        named.append(f"{len(skipped) - MOST_NAMED} more")
    is_one = len(named) == 1 and skipped[0][1].first == skipped[0][1].last
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    hint = "; what would be installed there counts as a hint" if any(each.installs for _, each in skipped) else ""
    if any(each.assigns for _, each in skipped):
        hint = f"{hint}; what is assigned there is empty"
    return f"{listed} {'is' if is_one else 'are'} not executed, since only notebooks can{hint}"


def _parses(code: str) -> bool:
    try:
        parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True


def _cell_magic(text: str) -> str:
    """Return the cell magic that decides what a cell's body is: the last of those that begin it."""
    found = ""
    for line in text.lstrip().split("\n"):
        if not line.startswith("%%"):
            break
        found = line.split(None, 1)[0]
    return found


def _as_comments(text: str) -> str:
    """Return a shell's lines as comments; continued lines are joined."""
    made: list[list[str]] = []
    begun: list[str] | None = None
    for line in text.split("\n"):
        if begun is None:
            begun = [f"# {line.rstrip().rstrip(chr(92))}"]
            made.append(begun)
        else:
            begun.append(line.strip().rstrip("\\"))
            made.append(["#"])
        if not line.rstrip().endswith("\\"):
            begun = None
    return "\n".join(map(" ".join, made))


def _without_magics(code: str) -> tuple[str, tuple[Skipped, ...]]:
    """Blank the magics where a statement could begin; in strings and brackets nothing is one."""
    lines = code.split("\n")
    skipped: list[Skipped] = []
    at = 0
    while at < len(lines):
        if _is_magic(lines[at]) or _ASSIGNED.match(lines[at]):
            end = _end_of_magic(lines, at)
            skipped.extend(_blank(lines, at, end))
        else:
            end = _end_of_statement(lines, at)
        at = end + 1
    return "\n".join(lines), tuple(skipped)


def _is_magic(line: str) -> bool:
    bare = line.strip()
    if bare.startswith(("!", "?")):
        return True
    if bare.startswith("%"):
        return bare[1:].lstrip("% ")[:1].isidentifier()
    return bare.endswith("?") and not any(mark.isspace() or mark in "#\"'" for mark in bare)


def _end_of_magic(lines: Sequence[str], at: int) -> int:
    while lines[at].rstrip().endswith("\\") and at + 1 < len(lines):
        at += 1
    return at


def _blank(lines: list[str], at: int, end: int) -> Iterable[Skipped]:
    """Write Python in place of a magic, and say what is skipped; what a timed line runs is kept."""
    first = lines[at]
    indent = first[: len(first) - len(first.lstrip())]
    timed = _timed(first.strip()) if at == end else ""
    if timed:
        lines[at] = indent + timed
        return ()
    command = " ".join(line.strip().rstrip("\\").rstrip() for line in lines[at : end + 1])
    target = _ASSIGNED.match(command)
    if target:
        command = command[target.end() :]
        lines[at] = f"{indent}{target[0]}{empty_value(target[0], command)}  # {command}"
    else:
        # The value of an expression before it stays that of the code; a block must not be left empty.
        lines[at] = f"{indent}pass  # {command}" if indent else f"# {command}"
    lines[at + 1 : end + 1] = [""] * (end - at)
    name = _NAME.match(command)
    return (Skipped(at + 1, end + 1, name[0] if name else "", bool(_INSTALLS.search(command)), bool(target)),)


def _timed(line: str) -> str:
    """Return the Python that a line such as `%timeit -n 10 import x` runs, or ""."""
    magic, _, rest = line.partition(" ")
    code = rest[_OPTIONS.match(rest).end() :] if magic in PYTHON_LINE_MAGICS else ""  # type: ignore[union-attr]
    return code.strip() if _parses(code) else ""


def _end_of_statement(lines: Sequence[str], at: int) -> int:
    """Return the last line of what begins at a line, as far as strings, brackets and backslashes join lines."""
    depth, quotes = 0, ""
    for number in range(at, len(lines)):
        depth, quotes, is_continued = _after(lines[number], depth, quotes)
        if depth <= 0 and not quotes and not is_continued:
            return number
    return len(lines) - 1


def _after(line: str, depth: int, quotes: str) -> tuple[int, str, bool]:
    """Return how deep in brackets a line ends, in which quotes, and whether a backslash joins the next one."""
    start = 0
    if quotes:
        closing = _REST[quotes].match(line)
        if closing is None:
            return depth, quotes, False
        start = closing.end()
    token = ""
    for match in _TOKENS.finditer(line, start):
        token = match[0]
        if match[1] and not match[2]:
            return depth, token[:3], False
        depth += (token in "([{") - (token in ")]}")
    return depth, "", line.rstrip("\r").endswith("\\") and not token.startswith("#")
