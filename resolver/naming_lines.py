"""Text -> the lines that mention something by its name, or by a name that the text gives to it."""

from __future__ import annotations

from keyword import iskeyword

from .lines import Lines, is_counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_CHAIN = 3
"""Names that are given to one another."""
MOST_NAMES = 50
"""Names that are looked for; with more of them, every line counts."""
LONGEST_NAME = 200
ATTRIBUTE = "._abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

BUILTINS = frozenset({"exec", "eval"})
"""Functions of Python's; a method of that name, as of PyTorch's models, is none of them."""


def lines_naming(words: Iterable[str], text: str) -> Lines:
    """Return the lines with one of some words, or with a name that a line with one may give to what it mentions."""
    return Lines(_naming(words, text) if is_counted(text) else None)


def _naming(named: Iterable[str], text: str) -> set[int] | None:
    """Return the numbers of the lines with one of the words, or a name given to one; None where there are too many."""
    found: set[int] = set()
    giving: dict[int, str] = {}
    words, known = set(named), set[str]()
    for _ in range(LONGEST_CHAIN + 1):
        for word in words:
            number, before = 1, 0
            for at in _places(text, word):
                number, before = number + text.count("\n", before, at), at
                found.add(number)
                if number not in giving and _is_itself(text, at + len(word)):
                    giving[number] = _line_around(at, text)
        known |= words
        words = {name for line in giving.values() for name in _names_given(line)} - known
        if len(words) > MOST_NAMES:
            return None
    return found


def _line_around(at: int, text: str) -> str:
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)]


def _places(text: str, word: str) -> Iterator[int]:
    """Yield where a word stands that is no part of a longer one."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        is_whole = not (_is_in_name(text[at - 1 : at]) or _is_in_name(text[end : end + 1]))
        if is_whole and not (word in BUILTINS and _is_method(text, at)):
            yield at
        at = text.find(word, end)


def _is_itself(text: str, end: int) -> bool:
    """Whether a word that ends here, or an attribute of it, is neither called nor an item of it taken."""
    following = text[end : end + LONGEST_NAME].lstrip(ATTRIBUTE).lstrip(" ")
    return not following.startswith(("(", "["))


def _is_in_name(char: str) -> bool:
    return char.isalnum() or char == "_"


def _is_method(text: str, at: int) -> bool:
    """Whether a name stands behind a dot, and not behind that of the module `builtins`."""
    return text[at - 1 : at] == "." and not text[max(at - 13, 0) : at].endswith(("builtins.", "__builtins__."))


def _names_given(line: str) -> list[str]:
    """Return the names that a line may give to what it mentions: before `=`, and after `as`."""
    targets = [part for part in line.replace(":=", "=").split("=")[:-1] if not part.endswith(("!", "<", ">"))]
    tokens = [token for part in targets for token in part.replace(",", " ").replace("(", " ").split()]
    tokens += [part.replace(",", " ").split()[0] for part in line.split(" as ")[1:] if part.strip(" ,")]
    names = [token.strip("()[]:;") for token in tokens]
    return [name for name in names if name.isidentifier() and not iskeyword(name)]
