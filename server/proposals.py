"""Code or a path that a caller sends -> what is to be run, with what a person must be asked about it."""

from __future__ import annotations

import asyncio
import os
import posixpath
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import Context

from forerun.resolver.source import Source, from_bytes, from_code, from_notebook

from .arguments import MOST_TEXT, check_items, check_python, check_text
from .calls import told
from .consent import Proposal, can_ask, unvetted
from .files import parts_below, read_below

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .settings import Settings
    from .workspace import Workspace

    Proposer = Callable[..., Awaitable[Proposal]]


def proposers(settings: Settings, workspace: Workspace) -> tuple[Proposer, Proposer]:
    """Return what makes a proposal of code, and of a file under the mount; the SDK calls them before the tools."""

    def proposed(
        source: Source, shown: str, dependencies: list[str], python: str, context: Context[Any, Any]
    ) -> Proposal:
        doubts = unvetted(source, dependencies, python, settings) if can_ask(context) else ()
        return Proposal(source, shown, doubts)

    async def propose_code(
        python_code: str, dependencies: list[str], python_version: str, context: Context[Any, Any]
    ) -> Proposal:
        with told(workspace):
            check_text("python_code", python_code)
            check_items("dependencies", dependencies)
            check_python(python_version)
            source = await asyncio.to_thread(code, python_code, workspace)
            return await asyncio.to_thread(proposed, source, "", dependencies, python_version, context)

    async def propose_file(
        file_path: str, dependencies: list[str], python_version: str, context: Context[Any, Any]
    ) -> Proposal:
        with told(workspace):
            check_items("dependencies", dependencies)
            check_python(python_version)
            source, shown = await asyncio.to_thread(read_file, file_path, workspace)
            return await asyncio.to_thread(proposed, source, shown, dependencies, python_version, context)

    return propose_code, propose_file


def code(text: str, workspace: Workspace) -> Source:
    """Return code that a caller sends as a Source; modules in the mounted folder are beside it."""
    return from_code(text, "caller", workspace.folder)


def read_file(file_path: str, workspace: Workspace) -> tuple[Source, str]:
    """Return a file under the mount as a Source, and its virtual path.

    Any file under the mount may have been written by a script, so that it ranks as code that a caller sends.

    Raises:
        FileRefused: the path leads to no file that may be read.
        ResolverError: the file is none that can be run.
    """
    parts = parts_below(file_path, workspace.mount)
    data = read_below(workspace.folder, parts, MOST_TEXT)
    real, shown = os.path.join(workspace.folder, *parts), posixpath.join(workspace.virtual, *parts)
    if parts[-1].endswith(".ipynb"):
        source = from_notebook(data, real, "caller")
    else:
        source = from_bytes(data, real, "script", "caller")
    return source.replace(beside=workspace.folder), shown
