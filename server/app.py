"""Settings -> an MCP server with its tools, resources and prompts, ready for any transport."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mcp.server import MCPServer
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp_types import Completion, ResourceTemplateReference, ToolAnnotations

from forerun import __version__
from forerun.resolver.import_table import rows

from . import resources
from .arguments import RUNNING
from .calls import Calls
from .descriptions import INSTRUCTIONS, RESOLVE, RUN_CODE, RUN_FILE
from .kept import Shelf, session_of
from .prompts import add_prompts
from .tools import tools_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mcp.server.mcpserver import Context
    from mcp_types import CompletionArgument, CompletionContext, PromptReference, Resource, ResourceTemplate

    from .runs import Runs
    from .settings import Settings
    from .workspace import Workspace

RUNS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True)
READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
MOST_COMPLETIONS = 100
"""Values in one answer; the protocol allows no more."""


class Server(MCPServer[Any]):
    """An MCP server whose resources are looked up when they are asked for, since programs write them."""

    def __init__(self, workspace: Workspace, shelf: Shelf, import_map: Mapping[str, str], **options: Any) -> None:
        super().__init__("forerun", **options)
        self._workspace = workspace
        self._import_map = import_map
        self.shelf = shelf

    async def list_resources(self) -> list[Resource]:
        """List the mounted folder; what is kept for sessions is in no list."""
        return await asyncio.to_thread(resources.listed, self._workspace)

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """List the kinds of URIs."""
        return resources.templates()

    async def read_resource(self, uri: Any, context: Context[Any, Any] | None = None) -> Iterable[ReadResourceContents]:
        """Read a file, a folder, an import name or something that was kept for this session."""
        session = session_of(context) if context is not None else ""
        found = await resources.read(str(uri), self._workspace, self.shelf, session, self._import_map)
        return [ReadResourceContents(content=found.content, mime_type=found.mime_type)]


def build_server(settings: Settings, workspace: Workspace, runs: Runs, lifespan: Any = None) -> Server:
    """Return the server, ready for any transport."""
    server = Server(
        workspace,
        Shelf(),
        dict(settings.import_map),
        title="forerun",
        version=__version__,
        instructions=INSTRUCTIONS.format(mount=workspace.virtual),
        log_level="INFO" if settings.verbose else "WARNING",
        lifespan=lifespan,
    )
    tools = tools_for(settings, workspace, Calls(settings, workspace, runs, server.shelf))
    for tool, title, description, hints in (
        (tools.run_python_code, "Run Python code", RUN_CODE, RUNS),
        (tools.run_python_file, "Run a Python file", RUN_FILE, RUNS),
        (tools.resolve_dependencies, "Predict dependencies", RESOLVE, READS),
    ):
        text = description.format(mount=workspace.virtual, python=RUNNING)
        server.add_tool(tool, title=title, description=text, annotations=hints)
    add_prompts(server, workspace)
    _add_completion(server, workspace)
    return server


def _add_completion(server: Server, workspace: Workspace) -> None:
    async def complete(
        _reference: ResourceTemplateReference | PromptReference,
        argument: CompletionArgument,
        _context: CompletionContext | None,
    ) -> Completion | None:
        if argument.name not in ("path", "file_path", "import_name"):
            return None
        found = await asyncio.to_thread(
            resources.completions, argument.name, argument.value, workspace, _import_names()
        )
        return Completion(values=found[:MOST_COMPLETIONS], total=len(found), has_more=len(found) > MOST_COMPLETIONS)

    server.completion()(complete)  # type: ignore[no-untyped-call]


def _import_names() -> Iterator[str]:
    """Yield the import names that the map knows."""
    for section in ("modules", "same"):
        for name, *_ in rows(section):
            yield name
