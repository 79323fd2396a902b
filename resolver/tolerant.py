"""Text that does not parse -> its imports, by tokens: Python 2, broken files, syntax newer than our own.

The text is cut into logical lines; of each only what matters is kept (imports, block headers, what a handler does),
written as Python 3. That skeleton is parsed, so that imports keep their circumstances. Where even the skeleton
does not parse, every import statement counts as required.
"""

from __future__ import annotations

import keyword
import re

from .circumstances import imports_in
from .imports import parse
from .statements import Import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .target import Target

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
_HEADER = re.compile(r"(?:async\s+)?(try|else|finally|except|if|elif|while|for|with|def|class|match|case)\b")
_FROM = re.compile(r"from(?=[\s.])\s*+((?:\.\s*+)*+)((?:(?!import\b)[\w.]++)?)\s*+\bimport\b\s*+(.*)")
_IMPORT = re.compile(r"import\s+(.+)")
_RESTART = re.compile(r"\s*(?:import\s+\w|from\s+[\w.]+\s+import\b|def\s+\w|class\s+\w)")
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_ENDING = re.compile(r"raise\b|(?:sys\.exit|exit|quit|os\._exit)\s*\(|sys\.exit\b")
_ASSIGNMENT = re.compile(r"[\w.\[\]'\"]+\s*(?::[^=]*)?=(?!=)")
_PLAIN = re.compile(r"(?:pass|return|continue|break|global|nonlocal|del)\b")
_TARGET_TEST = re.compile(r"sys\.|os\.name|platform|TYPE_CHECKING|\bPY[23]\b|^(?:0|False|not TYPE)")
_COLON = re.compile(r"\blambda\b|[()\[\]{}:]")
_OPENING = re.compile(r"[(\[{]")
_CLOSING = re.compile(r"[)\]}]")


class _Line:
    """A logical line: its text on one line, its indent in columns, and how many line breaks it swallowed.

    Not a Value: a large file has a million of them.
    """

    __slots__ = ("indent", "swallowed", "text")

    def __init__(self, text: str, indent: int, swallowed: int) -> None:
        self.text = text
        self.indent = indent
        self.swallowed = swallowed


def imports_by_tokens(text: str, target: Target) -> tuple[Import, ...]:
    """Return the imports of any text, in linear time."""
    lines = list(logical_lines(text))
    try:
        return imports_in(parse(skeleton(lines)), target)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return tuple(_flat(lines))


def blank_strings(text: str) -> str:
    """Return the text with strings emptied, comments dropped and soft breaks where no logical line ends."""
    clean = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ").replace(SOFT, " ").replace("\0", " ")

    made: list[str] = []
    unclosed: set[str] = set()
    done = 0
    match = _TOKENS.search(clean)
    while match:
        end = _end_of_string(clean, match, unclosed) if match[1] else match.end()
        made += (clean[done : match.start()], _blank(clean[match.start() : end]))
        done = end
        match = _TOKENS.search(clean, end)
    return "".join((*made, clean[done:]))


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


def _blank(token: str) -> str:
    """Return what stands for a token; the name of a system stays, since tests on it are evaluated."""
    if token[0] == "#":
        return ""
    if token[1:-1] in _SYSTEMS:
        return token
    return ("" if token[0] == "\\" else "''") + SOFT * token.count("\n")


def logical_lines(text: str) -> Iterator[_Line]:
    """Yield the logical lines of a text; a bracket that is never closed ends at the next import, def or class."""
    parts: list[str] = []
    depth = 0
    for line in blank_strings(text).split("\n"):
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


def _joined(parts: list[str]) -> _Line:
    if len(parts) == 1 and not parts[0].startswith((" ", "\t", SOFT)):
        return _Line(parts[0].replace(SOFT, " ").rstrip(), 0, parts[0].count(SOFT))
    whole = SOFT.join(parts)
    first = whole.lstrip(" \t" + SOFT)
    lead = whole[: len(whole) - len(first)].replace(SOFT, "").expandtabs(8)
    return _Line(first.replace(SOFT, " ").rstrip(), len(lead), whole.count(SOFT))


def skeleton(lines: list[_Line]) -> str:
    """Return the block structure and imports of a text as Python 3, line for line."""
    made: list[str] = []
    levels = [0]
    opened = False
    following = _following_indents(lines)
    for line, next_indent in zip(lines, following, strict=True):
        if not line.text or line.text.startswith("@"):
            made.append("\n" * line.swallowed)
            continue
        _enter(levels, line.indent, opened)
        code, opened = _simplified(line.text)
        # At the top of the file only imports matter, and a large file is mostly data.
        if len(levels) == 1 and code in ("_()", "_ = 0", "pass"):
            code = ""
        if opened and next_indent <= line.indent:
            code, opened = code + " pass", False
        made.append(" " * levels[-1] + code + "\n" * line.swallowed)
    return "\n".join(made) + "\n"


def _enter(levels: list[int], indent: int, opened: bool) -> None:
    """Make the last of `levels` the indent of this line, mending what does not fit."""
    if opened:
        levels.append(indent)
        return
    while len(levels) > 1 and levels[-1] > indent:
        levels.pop()


def _following_indents(lines: list[_Line]) -> list[int]:
    """Return, for each line, the indent of the next one that counts, or -1 at the end."""
    indents: list[int] = []
    indent = -1
    for line in reversed(lines):
        indents.append(indent)
        if line.text and not line.text.startswith("@"):
            indent = line.indent
    indents.reverse()
    return indents


def _simplified(text: str) -> tuple[str, bool]:
    """Return a logical line as Python 3 that keeps what matters, and whether it opens a block."""
    header = _HEADER.match(text)
    colon = _colon(text) if header else -1
    if header is None or colon < 0:
        return "; ".join(_statement(each) for each in text.split(";") if each.strip()) or "_()", False
    head, suite = _head(header[1], text[header.end() : colon].strip()), text[colon + 1 :].strip()
    if not suite:
        return head, True
    nested = _HEADER.match(suite)
    inner = "_()" if nested else "; ".join(_statement(each) for each in suite.split(";") if each.strip())
    return f"{head} {inner}", False


def _colon(text: str) -> int:
    depth = lambdas = 0
    for match in _COLON.finditer(text):
        if match[0] == ":" and depth + lambdas <= 0:
            return match.start()
        if match[0] == "lambda":
            lambdas += depth == 0
        elif match[0] == ":":
            lambdas -= depth == 0
        else:
            depth += 1 if match[0] in "([{" else -1
    return -1


def _head(keyword: str, rest: str) -> str:
    if keyword in ("try", "else", "finally"):
        return f"{keyword}:"
    if keyword == "except":
        listed = rest.partition(")")[0] if rest.startswith("(") else re.split(r",|\bas\b", rest, maxsplit=1)[0]
        caught = [name for name in _NAME.findall(listed) if _is_name(name)]
        return f"except ({', '.join(caught)},):" if caught else "except:"
    if keyword in ("if", "elif"):
        return f"{keyword} {_test(rest)}:"
    if keyword == "with":
        return (
            "with suppress(ImportError):"
            if re.match(r"(?:contextlib\.)?suppress\(\s*\w*ImportError", rest)
            else "if _:"
        )
    heads = {"while": "while _:", "for": "for _ in _:", "def": "def _():", "class": "class _:"}
    return heads.get(keyword, "if _:")


def _test(text: str) -> str:
    if _TARGET_TEST.search(text):
        try:
            parse(f"({text})")
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return "_"
        return f"({text})"
    return "_"


def _statement(text: str) -> str:
    bare = text.strip()
    imported = _import_statement(bare)
    if imported:
        return imported
    if _ENDING.match(bare):
        return "raise"
    if _PLAIN.match(bare):
        return "pass"
    return "_ = 0" if _ASSIGNMENT.match(bare) else "_()"


def _import_statement(bare: str) -> str:
    """Return an import statement written plainly, or "" where the text is none."""
    match = _FROM.fullmatch(bare)
    if match:
        dots, module = "".join(match[1].split()), match[2].strip(".")
        names = [_NAME.match(each.strip(" ()")) for each in match[3].split(",")]
        listed = ", ".join(name[0] for name in names if name and "." not in name[0] and _is_name(name[0])) or "*"
        return f"from {dots}{module} import {listed}" if (dots or module) and _is_name(module or "x") else ""
    match = _IMPORT.fullmatch(bare)
    if not match:
        return ""
    found = [_NAME.match(each.strip()) for each in match[1].split(",")]
    modules = [name[0] for name in found if name and _is_name(name[0])]
    return f"import {', '.join(modules)}" if modules else ""


def _is_name(dotted: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in dotted.split("."))


def _flat(lines: list[_Line]) -> Iterator[Import]:
    number = 1
    for line in lines:
        for each in re.split(r"[;:]", line.text):
            statement = _import_statement(each.strip())
            if statement:
                yield from _import_of(statement, number, line.indent)
        number += line.swallowed + 1


def _import_of(statement: str, number: int, column: int) -> Iterator[Import]:
    words = statement.split(" ", 3)
    if words[0] == "from":
        module = words[1].lstrip(".")
        names = tuple(words[3].split(", "))
        yield Import(module, names, number, column, len(words[1]) - len(module))
    else:
        for module in statement[len("import ") :].split(", "):
            yield Import(module, (), number, column)
