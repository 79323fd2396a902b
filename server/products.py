"""`RunResult` + mount -> what a run has made, to be sent or read later: pictures, written files, output in full."""

from __future__ import annotations

import base64
import mimetypes
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from mcp_types import ImageContent, ResourceLink

from . import words
from .images import can_be_sent
from .kept import Kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forerun.runner.result import RunResult, WrittenFile

    from .kept import Shelf
    from .workspace import Workspace

FILES, OUTPUT = "forerun://files/", "forerun://output/"
"""Beginnings of the URIs of files under the mount, and of what is kept for a session."""

MOST_FILES = 20
MOST_IMAGE_BYTES = 5_000_000
"""Bytes of all figures of an answer. The program's interpreter scales them down to that; others are only linked."""


class Products(NamedTuple):
    """Figures as images, everything as links, and what must be said about either."""

    pictures: tuple[ImageContent, ...] = ()
    links: tuple[ResourceLink, ...] = ()
    notes: tuple[str, ...] = ()


def products_of(result: RunResult, workspace: Workspace, shelf: Shelf, session: str, most_output: int) -> Products:
    """Return what a run has made."""
    pictures, notes = _pictures(result)
    kept = [_kept(shelf, Kept(session, "image/png", data), f"figure {n}") for n, data in enumerate(result.images, 1)]
    kept += [_kept(shelf, Kept(session, each.mime_type, each.data), "page") for each in result.artefacts]
    if len(result.output) > most_output:
        text = words.in_virtual_paths(words.encodable(result.output), workspace.mount).encode()
        name = "head and tail of the output" if result.cut else "output in full"
        kept.append(_kept(shelf, Kept(session, "text/plain", text), name))
    links = [each for each in kept if each is not None]
    if len(result.files) > MOST_FILES:
        notes.append(f"more than {MOST_FILES} files were written under {workspace.virtual}; the first are listed")
    links += [_link_to_file(each, workspace) for each in result.files[:MOST_FILES]]
    return Products(tuple(pictures), tuple(links), tuple(notes))


def _pictures(result: RunResult) -> tuple[list[ImageContent], list[str]]:
    """Return the figures that can be sent, and what is to be said of the others."""
    pictures: list[ImageContent] = []
    notes = []
    left = MOST_IMAGE_BYTES
    for number, (full, sent) in enumerate(zip(result.images, result.previews, strict=True), 1):
        if not can_be_sent(sent, left):
            notes.append(f"figure {number} is too large to be sent; it is linked, or save a smaller one to a file")
            continue
        if len(sent) != len(full):
            notes.append(f"figure {number} is scaled down to be sent; its link leads to it in full")
        left -= len(sent)
        pictures.append(ImageContent(type="image", data=base64.b64encode(sent).decode(), mime_type="image/png"))
    return pictures, notes


def _kept(shelf: Shelf, kept: Kept, what: str) -> ResourceLink | None:
    name = shelf.keep(kept)
    if not name:
        return None
    uri = OUTPUT + name
    return ResourceLink(type="resource_link", name=what, uri=uri, mime_type=kept.mime_type, size=len(kept.data))


def _link_to_file(written: WrittenFile, workspace: Workspace) -> ResourceLink:
    path = words.encodable(written.path)
    uri = uri_of(written.path.removeprefix(workspace.virtual).lstrip("/").split("/"))
    return ResourceLink(type="resource_link", name=path, uri=uri, mime_type=written.mime_type, size=written.size)


def uri_of(parts: Sequence[str]) -> str:
    """Return the URI of a file under the mount."""
    return FILES + quote("/".join(parts), errors="surrogateescape")


def type_of(name: str) -> str:
    """Return a MIME type by a file's name."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
