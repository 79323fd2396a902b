"""A syntax error -> one sentence that says why the file cannot run on the target."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    if not can_tell(target):
        return f"does not parse as Python {sys.version_info[0]}.{sys.version_info[1]}; its imports were read by tokens"
    if not line:
        return problem
    sign = _python_2_sign(problem, _line(text, line))
    if sign:
        return f"Python 2 code: {sign}, line {line}; it cannot run on Python {target.version}"
    return f"cannot run on Python {target.version}: {problem}, line {line}"


def can_tell(target: Target) -> bool:
    """Whether what our own parser refuses is refused by the target too: not by a newer one, nor by Python 2."""
    return (3, 0) <= target.python <= sys.version_info[:2]


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
