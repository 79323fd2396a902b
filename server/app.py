"""Settings -> an MCP server, and its life on standard input and output."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

import anyio
from mcp.server import MCPServer
from mcp_types import ToolAnnotations

from forerun import __version__

from .arguments import RUNNING
from .runs import Runs, use_enough_threads
from .tools import tools_for
from .workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from .settings import Settings

SECONDS_TO_END = 3.0
"""How long a signal waits for runs to end before we go; their supervisors end them in any case."""
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

RUNS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True)
READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

RUN_CODE = """\
Run Python {python} code in a fresh virtual environment on the server's machine. Packages that it imports are
found, installed and cached by themselves: just write the imports; no pip install is needed.
Returns the printed output, the value of the last expression, open matplotlib figures as images, and on
failure the traceback. The working folder is {mount}: files written there stay for later calls. Variables do
not; each call starts anew. A package that the server does not trust is refused."""

RUN_FILE = """\
Run a Python file (.py, .ipynb) that lies under {mount}, like `python FILE ARGS`, in a fresh virtual
environment. Packages that it imports are found, installed and cached by themselves.
Returns the printed output, and on failure the traceback. The working folder is {mount}."""

RESOLVE = """\
Tell which packages Python code or a file under {mount} needs, and whether this server would install and run
it. Nothing is executed, installed or changed. Give either python_code or file_path."""

INSTRUCTIONS = """\
Runs Python programs, dependencies first: imports are read, the packages they need are installed into a fresh
environment, and the program runs there. Write plain scripts with plain imports. Save files under {mount},
which all calls share."""


def build_server(settings: Settings, workspace: Workspace, runs: Runs, lifespan: Any = None) -> MCPServer[Any]:
    """Return the server with its tools, ready for any transport."""
    server: MCPServer[Any] = MCPServer(
        "forerun",
        title="forerun",
        version=__version__,
        instructions=INSTRUCTIONS.format(mount=workspace.virtual),
        log_level="INFO" if settings.verbose else "WARNING",
        lifespan=lifespan,
    )
    tools = tools_for(settings, workspace, runs)
    for tool, title, description, hints in (
        (tools.run_python_code, "Run Python code", RUN_CODE, RUNS),
        (tools.run_python_file, "Run a Python file", RUN_FILE, RUNS),
        (tools.resolve_dependencies, "Predict dependencies", RESOLVE, READS),
    ):
        text = description.format(mount=workspace.virtual, python=RUNNING)
        server.add_tool(tool, title=title, description=text, annotations=hints)
    return server


def serve_stdio(settings: Settings) -> int:
    """Serve until standard input ends (0) or a signal comes (128 and its number), and leave nothing behind.

    Raises:
        RunnerError: the mount cannot be made, or there is no place for a temporary folder.
    """
    level = logging.INFO if settings.verbose else logging.WARNING
    form = "forerun: %(levelname)s: %(name)s: %(message)s"
    logging.basicConfig(stream=sys.stderr, level=level, format=form)
    with open_workspace(settings) as workspace:
        anyio.run(_serve, settings, workspace)
    return 0


async def _serve(settings: Settings, workspace: Workspace) -> None:
    use_enough_threads()
    runs = Runs()
    try:
        async with anyio.create_task_group() as tasks:
            await tasks.start(_end_on_signal, runs, workspace)
            await build_server(settings, workspace, runs, _without_stdout).run_stdio_async()
            tasks.cancel_scope.cancel()
    except* (BrokenPipeError, anyio.BrokenResourceError, anyio.ClosedResourceError):
        # The client is gone without a word; so are its runs, which were cancelled with the task group.
        pass


async def _end_on_signal(
    runs: Runs, workspace: Workspace, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """End all runs and the process when a signal asks for it.

    The process is left at once, since the thread that reads standard input cannot be woken.
    """
    with anyio.open_signal_receiver(*ENDING_SIGNALS) as signals:
        task_status.started()
        async for number in signals:
            await runs.end_all(SECONDS_TO_END)
            workspace.close()
            os._exit(128 + number)


@contextlib.asynccontextmanager
async def _without_stdout(_: MCPServer[Any]) -> AsyncIterator[None]:
    """Send what anything here prints to stderr; the SDK holds the real stdout by now."""
    with contextlib.redirect_stdout(sys.stderr):
        yield
