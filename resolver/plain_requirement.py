"""Requirements as almost everybody writes them -> their parts, without the cost of importing packaging.

Only what is certain to mean the same to packaging is read here; everything else is left to it.
"""

from __future__ import annotations

from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_OPERATORS = ("==", ">=", "<=", "!=", "~=", ">", "<")


class PlainRequirement(Value):
    """A name, extras and a specifier (PEP 440) in packaging's own order."""

    name: str
    extras: tuple[str, ...] = ()
    specifier: str = ""


def plain_requirement(text: str) -> PlainRequirement | None:
    """Return the parts of `name[extra]>=1.2,<3`, or None for anything that is not as plain."""
    end = next((at for at, char in enumerate(text) if char not in _NAME), len(text))
    name, rest = text[:end], text[end:].strip(" ")
    if not name or not name[0].isalnum() or not name[-1].isalnum():
        return None
    extras: list[str] = []
    if rest.startswith("["):
        inside, mark, rest = rest[1:].partition("]")
        extras = [each.strip(" ") for each in inside.split(",")]
        if not mark or not all(each.isascii() and each.isalnum() for each in extras):
            return None
    clauses = list(_clauses(rest.strip(" ")))
    if None in clauses:
        return None
    wanted = sorted({f"{each[0]}{each[1]}" for each in clauses if each})
    return PlainRequirement(name, tuple(sorted(set(extras))), ",".join(wanted))


def plainly_contains(specifier: str, version: str) -> bool | None:
    """Return whether a release is in a specifier, or None where only packaging can tell."""
    release = _release(version)
    answers = []
    for clause in _clauses(specifier):
        bound = _release(clause[1]) if clause else None
        if clause is None or bound is None or release is None or clause[0] == "~=":
            return None
        size = max(len(bound), len(release))
        left, right = (each + (0,) * (size - len(each)) for each in (release, bound))
        answers.append(
            {"==": left == right, "!=": left != right, ">=": left >= right, "<=": left <= right,
             ">": left > right, "<": left < right}[clause[0]]
        )  # fmt: skip
    return all(answers)


def _clauses(specifier: str) -> Iterator[tuple[str, str] | None]:
    """Yield the operator and the version of each clause, None for one that is not plain."""
    for clause in specifier.split(",") if specifier else ():
        bare = clause.strip(" ")
        operator = next((each for each in _OPERATORS if bare.startswith(each)), "")
        version = bare[len(operator) :].strip(" ")
        is_plain = operator and _release(version) is not None and (operator != "~=" or "." in version)
        yield (operator, version) if is_plain else None


def _release(version: str) -> tuple[int, ...] | None:
    parts = version.split(".")
    if not version.isascii() or not all(part.isdecimal() and len(part) < 10 for part in parts):
        return None
    return tuple(map(int, parts))
