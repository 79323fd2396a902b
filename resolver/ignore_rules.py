"""`.gitignore` text -> whether a path below its folder is ignored, by the rules of gitignore(5)."""

from __future__ import annotations

import re

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Part = re.Pattern[str] | str | None

MOST_RULES = 5_000
LONGEST_RULE = 1_000
"""Characters; a longer line is no pattern for a path."""

_WILD = re.compile(r"[*?\[\\]")
_POSIX = {
    "alnum": r"a-zA-Z0-9", "alpha": r"a-zA-Z", "digit": r"0-9", "lower": r"a-z", "upper": r"A-Z", "space": r"\s",
    "blank": r" \t", "punct": r"!-/:-@\[-`{-~", "xdigit": r"0-9A-Fa-f",
}  # fmt: skip


class Rule(Value):
    """One line: `parts` are matched to the parts of a path; None stands for `**`.

    A rule that is not anchored is matched to the last part of a path alone.
    """

    parts: tuple[Part, ...]
    is_anchored: bool
    is_for_folders: bool
    is_negated: bool

    def matches(self, path: Sequence[str], is_folder: bool) -> bool:
        """Whether a path, given by its parts below the rule's folder, is what the rule names."""
        if self.is_for_folders and not is_folder:
            return False
        return _match(self.parts, path if self.is_anchored else path[-1:])


def rules_in(text: str) -> tuple[Rule, ...]:
    """Return the rules of a `.gitignore`, in order."""
    lines = text.removeprefix("\ufeff").split("\n")
    return tuple(rule for line in lines[:MOST_RULES] if (rule := _rule(line.removesuffix("\r"))))


def verdict(rules: Sequence[Rule], path: Sequence[str], is_folder: bool) -> bool | None:
    """Return whether the last rule that names a path ignores it, or None where no rule names it."""
    for rule in reversed(rules):
        if rule.matches(path, is_folder):
            return not rule.is_negated
    return None


def _rule(line: str) -> Rule | None:
    bare = _without_trailing_spaces(line)
    is_negated = bare.startswith("!")
    pattern = bare[is_negated:]
    if not pattern or bare.startswith("#") or len(pattern) > LONGEST_RULE:
        return None
    is_for_folders = pattern.endswith("/") and not pattern.endswith("\\/")
    inner = pattern.rstrip("/") if is_for_folders else pattern
    parts = inner.strip("/").split("/")
    if parts == [""]:
        return None
    try:
        compiled = tuple(_part(part) for part in parts)
    except re.error:
        return None
    return Rule(compiled, "/" in inner, is_for_folders, is_negated)


def _without_trailing_spaces(line: str) -> str:
    bare = line.rstrip(" \t")
    slashes = len(bare) - len(bare.rstrip("\\"))
    return line[: len(bare) + 1] if slashes % 2 and len(bare) < len(line) else bare


def _part(part: str) -> Part:
    if part == "**":
        return None
    return re.compile(_expression(part), re.DOTALL) if _WILD.search(part) else part


def _expression(part: str) -> str:
    """Return the regular expression of one part of a pattern.

    What follows a star is taken where it is found first (atomic groups), so that stars cost no backtracking.
    """
    pieces = [""]
    for token in _tokens(part):
        if token != "*":
            pieces[-1] += token
        elif len(pieces) == 1 or pieces[-1]:
            pieces.append("")
    if len(pieces) == 1:
        return pieces[0] + r"\Z"
    middle = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1])
    return f"{pieces[0]}{middle}.*{pieces[-1]}\\Z"


def _tokens(part: str) -> Iterator[str]:
    """Yield a star as it is, and everything else as a regular expression for one character."""
    at = 0
    while at < len(part):
        char, at = part[at], at + 1
        if char == "*":
            yield "*"
        elif char == "?":
            yield "."
        elif char == "[":
            end = _end_of_class(part, at)
            yield _class(part[at:end]) if end else "(?!)"
            at = end + 1 if end else len(part)
        elif char == "\\":
            yield re.escape(part[at : at + 1]) if at < len(part) else "(?!)"
            at += 1
        else:
            yield re.escape(char)


def _end_of_class(part: str, start: int) -> int:
    """Return where the bracket closes that opened before `start`; 0 where it does not, and nothing matches."""
    at = start + (part[start : start + 1] in ("!", "^"))
    at += part[at : at + 1] == "]"
    while at < len(part) and part[at] != "]":
        if part[at] == "\\":
            at += 1
        elif part[at : at + 2] == "[:" and ":]" in part[at:]:
            at = part.index(":]", at) + 1
        at += 1
    return at if at < len(part) else 0


def _class(content: str) -> str:
    negation = "^" if content[:1] in ("!", "^") else ""
    rest = content[len(negation) :]
    made = re.sub(r"\[:(\w+):\]|\\(.)|([\\\[\]^&~|])", _member, rest, flags=re.DOTALL)
    return f"[{negation}{made}]"


def _member(match: re.Match[str]) -> str:
    if match[1]:
        return _POSIX.get(match[1], "")
    char = match[2] or match[3]
    return "\\" + char if not char.isalnum() else char


def _match(parts: Sequence[Part], path: Sequence[str]) -> bool:
    """Whether parts of a pattern cover a path whole; at most the last `**` is ever extended, so time is bounded."""
    at = here = 0
    back, resume = -1, 0
    while here < len(path):
        if at < len(parts) and parts[at] is None:
            back, resume = at, here
            at += 1
            # A `**` at the end stands for what is inside, not for the folder itself.
            if at == len(parts):
                return True
        elif at < len(parts) and _is_like(parts[at], path[here]):
            at, here = at + 1, here + 1
        elif back >= 0:
            resume += 1
            at, here = back + 1, resume
        else:
            return False
    return at == len(parts)


def _is_like(part: Part, name: str) -> bool:
    return part == name if isinstance(part, str) else part is not None and part.match(name) is not None
