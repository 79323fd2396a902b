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
from .logical_lines import Line, logical_lines
from .statements import Import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .target import Target

_HEADER = re.compile(r"(?:async\s+)?(try|else|finally|except|if|elif|while|for|with|def|class|match|case)\b")
_FROM = re.compile(r"from(?=[\s.])\s*+((?:\.\s*+)*+)((?:(?!import\b)[\w.]++)?)\s*+\bimport\b\s*+(.*)")
_IMPORT = re.compile(r"import\s+(.+)")
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_ENDING = re.compile(r"raise\b|(?:sys\.exit|exit|quit|os\._exit)\s*\(|sys\.exit\b")
_ASSIGNMENT = re.compile(r"[\w.\[\]'\"]+\s*(?::[^=]*)?=(?!=)")
_PLAIN = re.compile(r"(?:pass|return|continue|break|global|nonlocal|del)\b")
_TARGET_TEST = re.compile(r"sys\.|os\.name|platform|TYPE_CHECKING|\bPY[23]\b|\bfind_spec\b|^(?:0|False|not TYPE)")
_CONTINUES = re.compile(r"(?:else|elif|except|finally|case)\b")
_CALL = re.compile(r"(__import__|import_module|importorskip)\s*\(\s*[rRuU]?((['\"])[\w.]+\3)\s*[,)]")
_COLON = re.compile(r"\blambda\b|[()\[\]{}:]")

LINES_AT_A_TIME = 20_000
"""Logical lines of a large text that are parsed together."""


def imports_by_tokens(text: str, target: Target) -> tuple[Import, ...]:
    """Return the imports of any text, in linear time."""
    found: list[Import] = []
    before = 0
    for lines in _pieces(logical_lines(text)):
        found.extend(_later(each, before) for each in _imports_of_piece(lines, target))
        before += sum(line.swallowed + 1 for line in lines)
    return tuple(found)


def _pieces(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Cut a large text where a statement begins at its left edge, so that only a piece of it is parsed at a time."""
    piece: list[Line] = []
    for line in lines:
        if len(piece) >= LINES_AT_A_TIME and line.text and not line.indent and not _CONTINUES.match(line.text):
            yield piece
            piece = []
        piece.append(line)
    yield piece


def _imports_of_piece(lines: list[Line], target: Target) -> Iterable[Import]:
    try:
        code = skeleton(lines)
        return imports_in(parse(code), target, code)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return _flat(lines)


def _later(found: Import, before: int) -> Import:
    """Return an import of a piece with the lines of the whole text."""
    if not before:
        return found
    choices = tuple((line + before, branch) for line, branch in found.choices)
    return found.replace(line=found.line + before, choices=choices)


def skeleton(lines: list[Line]) -> str:
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


def _following_indents(lines: list[Line]) -> list[int]:
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
        return _statements(text) or "_()", False
    head, suite = _head(header[1], text[header.end() : colon].strip()), text[colon + 1 :].strip()
    if not suite:
        return head, True
    nested = _HEADER.match(suite)
    inner = "_()" if nested else _statements(suite)
    return f"{head} {inner}", False


def _statements(text: str) -> str:
    """Return the simple statements of a line, each once: a line can be a whole program."""
    return "; ".join(dict.fromkeys(_statement(each) for each in text.split(";") if each.strip()))


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
        listed = rest.partition(")")[0] if rest.startswith("(") else _caught(rest)
        caught = [name for name in _NAME.findall(listed) if _is_name(name)]
        return f"except ({', '.join(caught)},):" if caught else "except:"
    if keyword in ("if", "elif"):
        return f"{keyword} {_test(rest)}:"
    if keyword == "with":
        return (
            "with suppress(ImportError):"
            if re.match(r"(?:contextlib\.)?suppress\(\s*\w*ImportError", rest)
            else "if x:"
        )
    heads = {"while": "while x:", "for": "for _ in _:", "def": "def _():", "class": "class _:"}
    return heads.get(keyword, "if x:")


def _caught(rest: str) -> str:
    """Return what a handler without parentheses catches: in Python 2 a variable follows the comma, in 3.14 classes."""
    first, *others = re.split(r"\bas\b", rest, maxsplit=1)[0].split(",")
    return ",".join([first, *(each for each in others if each.strip()[:1].isupper())])


def _test(text: str) -> str:
    if _TARGET_TEST.search(text):
        try:
            parse(f"({text})")
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return "x"
        return f"({text})"
    return "x"


def _statement(text: str) -> str:
    bare = text.strip()
    imported = _import_statement(bare)
    if imported:
        return imported
    called = _CALL.search(bare) if "import" in bare else None
    if called:
        return f"{'_ = ' if _ASSIGNMENT.match(bare) else ''}{called[1]}({called[2]})"
    if _ENDING.match(bare):
        return "raise"
    if _PLAIN.match(bare):
        return "pass"
    return "_ = 0" if _ASSIGNMENT.match(bare) else "_()"


def _import_statement(bare: str) -> str:
    """Return an import statement written plainly, or "" where the text is none."""
    if bare.startswith("lazy "):
        bare = bare[len("lazy ") :].lstrip()
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


def _flat(lines: list[Line]) -> Iterator[Import]:
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
