"""A syntax error -> one sentence that says why the file cannot run on the target."""

from __future__ import annotations

import sys

from .walking import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ast

    from .newer_syntax import Construct
    from .target import Target

PYTHON_2_SIGNS = (
    ("call to 'print'", "print statement"),
    ("call to 'exec'", "exec statement"),
    ("multiple exception types must be parenthesized", "except with a comma"),
    ("leading zeros in decimal integer", "octal number with a leading zero"),
    ("inconsistent use of tabs", "tabs mixed with spaces"),
    ("invalid decimal literal", "long integer with an L"),
)
"""Parts of CPython's messages -> the construct of Python 2 that usually causes them."""

PYTHON_2_TOKENS = (
    ("<>", "the <> operator"),
    ("`", "backquotes"),
    (" ur'", "a ur'' string"),
    ("raise ", "raise with a comma"),
    ("print ", "print statement"),
    ("print>>", "print statement"),
)


def why_not_python(problem: str, line: int, text: str, target: Target) -> str:
    """Return why a text does not parse, as a sentence about the target; `line` starts at 1, 0 where unknown."""
    shown, newer = _line(text, line), _newer(problem, line, text)
    if newer and newer[1] > target.python >= (3, 0):
        needed = f"{newer[0]} needs Python {newer[1][0]}.{newer[1][1]}"
        return f"cannot run on Python {target.version}: {needed}, line {line}"
    if not can_tell(target):
        ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
        if newer and target.python >= (3, 0):
            return f"{newer[0]}, line {line}, is newer than the Python {ours} that reads it; read by tokens"
        return f"does not parse as Python {ours}{f', line {line}' if line else ''}; its imports were read by tokens"
    if not line:
        return problem
    sign = _python_2_sign(problem, shown)
    if sign:
        return f"Python 2 code: {sign}, line {line}; it cannot run on Python {target.version}"
    return f"cannot run on Python {target.version}: {problem}, line {line}"


def cannot_run(problem: str, line: int, text: str, target: Target) -> bool:
    """Whether it is certain that the target cannot read a text."""
    newer = _newer(problem, line, text)
    if newer and target.python >= (3, 0):
        return newer[1] > target.python
    return can_tell(target) and (line > 0 or "null bytes" in problem)


def _newer(problem: str, line: int, text: str) -> Construct | None:
    """Return the construct of a newer Python on the line of a problem; our own parser names those that it knows."""
    from .newer_syntax import newer_construct

    return newer_construct(_line(text, line)) if line and "only supported in Python" not in problem else None


def first_python(text: str) -> tuple[int, int] | None:
    """Return the first Python that has the construct which our own parser refuses in a text, or None."""
    try:
        compile(text, "", "exec", 0x400, dont_inherit=True)  # ast.PyCF_ONLY_AST
    except SyntaxError as error:
        newer = _newer(str(error.msg), error.lineno or 0, text)
        return newer[1] if newer and newer[1] > sys.version_info[:2] else None
    except (ValueError, RecursionError, MemoryError):
        pass
    return None


def can_tell(target: Target) -> bool:
    """Whether what our own parser refuses is refused by the target too: not by a newer one, nor by Python 2."""
    return (3, 0) <= target.python <= sys.version_info[:2]


CONSTRUCTS = {
    "Pattern matching": "Match",
    "Exception groups": "TryStar",
    "Assignment expressions": "NamedExpr",
    "Type statement": "TypeAlias",
}
"""How messages of the parser begin, and the nodes that they speak of."""


def line_of_construct(error: SyntaxError, tree: _ast.Module) -> int:
    """Return the line of what a parser of an older grammar refuses; its own line is that of the last token."""
    kind = next((node for begin, node in CONSTRUCTS.items() if str(error.msg).startswith(begin)), "")
    lines = [each.lineno for each in walk(tree) if type(each).__name__ == kind]  # type: ignore[attr-defined]
    return min(lines, default=error.lineno or 0)


def _python_2_sign(problem: str, line: str) -> str:
    lower = problem.lower()
    for part, sign in PYTHON_2_SIGNS:
        if part in lower and (part != "invalid decimal literal" or line.rstrip(" ,;)").upper().endswith("L")):
            return sign
    if "invalid syntax" not in lower:
        return ""
    bare = line.strip()
    for token, sign in PYTHON_2_TOKENS:
        if token in bare and (not token.startswith(("raise", "print")) or bare.startswith(token)):
            return sign
    return ""


def _line(text: str, number: int) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[number - 1] if 0 < number <= len(lines) else ""
