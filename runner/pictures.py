"""What the script's interpreter saved in the run's folder -> pictures, in full and as they are sent, and pages."""

from __future__ import annotations

import os

from forerun.resolver.value import Value

from .exchange import read_file
from .result import Artefact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LARGEST_IMAGE = 10_000_000
"""Bytes; a larger picture is kept only scaled down, a larger page not at all."""

MOST_PICTURES = 100
"""Pictures and pages of a run that are read."""


class Pictures(Value):
    """Pictures as PNG, the same or smaller ones that can be sent together, pages, and what is to be said of them."""

    images: tuple[bytes, ...] = ()
    previews: tuple[bytes, ...] = ()
    artefacts: tuple[Artefact, ...] = ()
    notes: tuple[str, ...] = ()


def read_pictures(names: Iterable[str], folder: str) -> Pictures:
    """Read the files of some names, which a script may have put there itself."""
    bare = [os.path.basename(name) for name in names if "\0" not in name][:MOST_PICTURES]
    pairs = [pair for name in bare if name.endswith(".png") for pair in _pair(name, folder)]
    return Pictures(
        tuple(full or small for full, small in pairs if small),
        tuple(small for _, small in pairs if small),
        tuple(Artefact("text/html", page) for name in bare if name.endswith(".html") for page in _read(name, folder)),
        tuple(_notes(pairs)),
    )


def _pair(name: str, folder: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield a picture in full and as it is sent, either of them empty where it is too large; nothing without a file."""
    (full,) = _read(name, folder) or (b"",)
    (small,) = _read(f"small-{name}", folder) or (full,)
    if full or small or os.path.isfile(os.path.join(folder, name)):
        yield full, small


def _read(name: str, folder: str) -> list[bytes]:
    data = read_file(os.path.join(folder, name), LARGEST_IMAGE)
    return [data] if data else []


def _notes(pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[str]:
    megabytes = LARGEST_IMAGE // 1_000_000
    for full, small in pairs:
        if not small:
            yield f"a picture of more than {megabytes} MB could not be made smaller; save it to a file"
        elif not full:
            yield f"a picture of more than {megabytes} MB is kept only scaled down; save it to a file to have all"
