"""Name -> the most downloaded popular name that is one edit away: what may have been meant, or is imitated."""

from __future__ import annotations

from .registered import popular_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_NAME = 100
"""Characters; no popular distribution has a longer name."""

FEW = 30
"""Questions that are answered by trying every edit; an index costs as much as some hundred of them."""

_ranks: dict[str, int] = {}
_shortened: dict[str, list[str]] = {}
_asked = 0


def nearest_popular(name: str) -> str:
    """Return the most downloaded popular name that differs from a name by one edit or swap, or ""."""
    global _asked
    if not 4 <= len(name) <= LONGEST_NAME:
        return ""
    if not _ranks:
        _ranks.update((each, rank) for rank, each in enumerate(popular_names().decode().split("\n")) if each)
    _asked += 1
    near = _by_trial(name) if _asked <= FEW else _by_index(name)
    return min(near, key=_ranks.__getitem__, default="")


def _by_trial(name: str) -> set[str]:
    return _ranks.keys() & _one_edit_away(name) - {name}


def _by_index(name: str) -> set[str]:
    """Return the same: names that are one edit apart are equal, or become so, when each loses a letter at most."""
    if not _shortened:
        for each in _ranks:
            for short in {each, *_shorter(each)}:
                _shortened.setdefault(short, []).append(each)
    alike = {each for short in {name, *_shorter(name)} for each in _shortened.get(short, ())}
    return {each for each in alike - {name} if _is_one_edit(name, each)}


def _shorter(name: str) -> Iterator[str]:
    return (name[:at] + name[at + 1 :] for at in range(len(name)))


def _is_one_edit(one: str, other: str) -> bool:
    """Whether two different names are apart by one letter that is more, less, another, or swapped with the next."""
    at = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    if at is None:
        return abs(len(one) - len(other)) == 1
    head, tail = one[at:], other[at:]
    return (
        head[1:] == tail[1:]
        or head[1:] == tail
        or head == tail[1:]
        or (head[1::-1] == tail[:2] and head[2:] == tail[2:])
    )


def _one_edit_away(name: str) -> set[str]:
    """Return what one insertion, deletion, substitution or swap of neighbours makes of a name."""
    cuts = [(name[:at], name[at:]) for at in range(len(name) + 1)]
    made = {head + tail[1:] for head, tail in cuts}
    made.update(head + tail[1::-1] + tail[2:] for head, tail in cuts if len(tail) > 1)
    for letter in _LETTERS:
        made.update(head + letter + tail for head, tail in cuts)
        made.update(head + letter + tail[1:] for head, tail in cuts)
    return made


_LETTERS: Iterable[str] = "abcdefghijklmnopqrstuvwxyz0123456789-"
