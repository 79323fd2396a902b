"""URI -> what can be read at it: files and folders under the mount, what is kept for a session, import names."""

from __future__ import annotations

import asyncio
import json
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp_types import Resource, ResourceTemplate

from forerun.resolver.library import resolve
from forerun.resolver.source import from_code
from forerun.runner.listing import entries_of, files_below
from forerun.runner.unlinked import FileRefused

from . import words
from .files import parts_below, read_below
from .products import FILES, OUTPUT, type_of, uri_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .kept import Shelf
    from .workspace import Workspace

DISTRIBUTION = "forerun://distribution/"
LARGEST = 5_000_000
"""Bytes of a file that is read as a resource."""
MOST_LISTED = 200
LONGEST_NAME = 200
"""Characters of an import name."""


class Content(NamedTuple):
    """What was read: text, or bytes that are no text."""

    content: str | bytes
    mime_type: str


def templates() -> list[ResourceTemplate]:
    """Return the kinds of URIs that can be read."""
    return [
        ResourceTemplate(
            name="file", title="File or folder", uri_template=FILES + "{+path}",
            description="A file under the mounted folder, or a folder's entries as JSON",
        ),
        ResourceTemplate(
            name="distribution", title="Import name", uri_template=DISTRIBUTION + "{import_name}",
            description="The distribution that provides an import name, and why, as JSON", mime_type="application/json",
        ),
        ResourceTemplate(
            name="output", title="Kept output", uri_template=OUTPUT + "{name}",
            description="Long output or a figure of an earlier call, as linked in its answer",
        ),
    ]  # fmt: skip


def listed(workspace: Workspace) -> list[Resource]:
    """Return the mounted folder and the files in it."""
    top = Resource(
        name=words.encodable(workspace.virtual), title="Mounted folder", uri=FILES, mime_type="application/json"
    )
    found = [top]
    for entry in files_below(workspace.folder):
        if len(found) > MOST_LISTED:
            break
        name = words.encodable("/".join(entry.parts))
        found.append(Resource(name=name, uri=uri_of(entry.parts), mime_type=type_of(entry.parts[-1]), size=entry.size))
    return found


async def read(uri: str, workspace: Workspace, shelf: Shelf, session: str, import_map: Mapping[str, str]) -> Content:
    """Return what a URI leads to; `import_map` is the operator's own.

    Raises:
        ResourceNotFoundError: there is nothing, or not for this session.
        ResourceError: it is too large.
    """
    for beginning in (FILES, OUTPUT, DISTRIBUTION):
        if uri.startswith(beginning):
            rest = unquote(uri.removeprefix(beginning), errors="surrogateescape")
            break
    else:
        raise ResourceNotFoundError(f"there is no resource {words.encodable(uri)[:200]}")
    if beginning == FILES:
        return await asyncio.to_thread(_file, rest, workspace)
    if beginning == OUTPUT:
        return _kept(rest, shelf, session)
    return await asyncio.to_thread(_import_name, rest, import_map)


def _file(path: str, workspace: Workspace) -> Content:
    try:
        parts = parts_below(path, workspace.mount, may_be_top=True)
        if not parts or _is_folder(parts, workspace):
            return _folder(parts, workspace)
        data = read_below(workspace.folder, parts, LARGEST)
    except FileRefused as error:
        sentence = words.encodable(words.in_virtual_paths(str(error), workspace.mount))
        raise (ResourceError if "larger" in error.reason else ResourceNotFoundError)(sentence) from error
    return _content(data, type_of(parts[-1]))


def _is_folder(parts: tuple[str, ...], workspace: Workspace) -> bool:
    return any(each.is_folder and each.parts == parts for each in entries_of(workspace.folder, parts[:-1]))


def _folder(parts: tuple[str, ...], workspace: Workspace) -> Content:
    entries = entries_of(workspace.folder, parts)
    rows = [
        {"name": words.encodable(each.parts[-1]), "kind": "folder" if each.is_folder else "file", "size": each.size,
         "uri": uri_of(each.parts)}
        for each in entries
    ]  # fmt: skip
    shown = words.encodable("/".join((workspace.virtual, *parts)))
    return Content(json.dumps({"folder": shown, "entries": rows}, indent=1), "application/json")


def _kept(name: str, shelf: Shelf, session: str) -> Content:
    kept = shelf.find(name, session)
    if kept is None:
        raise ResourceNotFoundError("there is no such output, or it is gone, or belongs to another session")
    return _content(kept.data, kept.mime_type)


def _content(data: bytes, mime_type: str) -> Content:
    """Return text as text, whatever its name says; anything else as bytes."""
    if mime_type.startswith(("image/", "audio/", "video/")):
        return Content(data, mime_type)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return Content(data, mime_type)
    is_text = mime_type.startswith("text/") or mime_type != "application/octet-stream"
    return Content(text, mime_type if is_text else "text/plain")


def _import_name(name: str, import_map: Mapping[str, str]) -> Content:
    if not name.isascii() or len(name) > LONGEST_NAME or not all(map(_is_name, name.split("."))):
        raise ResourceNotFoundError("that is no import name")
    return Content(json.dumps({"import_name": name, **_said_of(name, import_map)}, indent=1), "application/json")


def _is_name(part: str) -> bool:
    return part.isidentifier() and not iskeyword(part)


def _said_of(name: str, import_map: Mapping[str, str]) -> dict[str, Any]:
    """Return what the resolver says of a script that imports one name and does nothing else."""
    resolution = resolve(from_code(f"import {name}\n", "caller"), import_map=import_map)
    if resolution.standard_library:
        return {"standard_library": True}
    for each in resolution.unresolved:
        return {"distribution": None, "reason": each.reason, "alternatives": list(each.alternatives)}
    return {
        "distributions": [
            {"requirement": each.text, "level": each.level, "rule": each.evidence[0].rule,
             "alternatives": list(each.alternatives)}
            for each in resolution.requirements
        ]
    }  # fmt: skip


def completions(kind: str, typed: str, workspace: Workspace, names: Iterable[str]) -> list[str]:
    """Return what may follow what was typed: paths under the mount, or import names."""
    if kind == "import_name":
        return [name for name in names if name.startswith(typed)]
    folder, _, beginning = typed.rpartition("/")
    try:
        parts = parts_below(folder, workspace.mount, may_be_top=True) if folder else ()
        entries = entries_of(workspace.folder, parts)
    except FileRefused:
        return []
    before = f"{folder}/" if folder else ""
    found = [(each.parts[-1], each.is_folder) for each in entries if each.parts[-1].startswith(beginning)]
    return [words.encodable(before + name + ("/" if is_folder else "")) for name, is_folder in found]
