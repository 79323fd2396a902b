"""A syntax error -> one sentence that says why the file cannot run on the target."""

from __future__ import annotations

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
    sign = _python_2_sign(problem, _line(text, line))
    where = f", line {line}" if line else ""
    if sign and target.python[0] > 2:
        return f"Python 2 code: {sign}{where}; it cannot run on Python {target.version}"
    return f"cannot run on Python {target.version}: {problem}{where}"


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
    lines = text.splitlines() if number and len(text) < 5_000_000 else []
    return lines[number - 1] if 0 < number <= len(lines) else ""
