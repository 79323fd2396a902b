"""A server's life: on standard input and output or over HTTP, until its input ends or a signal comes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

import anyio

from .app import build_server
from .preinstall import preinstall
from .runs import Runs, use_enough_threads
from .workspace import Workspace, open_workspace

if sys.platform == "win32":
    from .windows_signals import open_signal_receiver
else:
    from anyio import open_signal_receiver

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Awaitable, Callable
    from typing import Any

    from mcp.server import MCPServer

    from .settings import Listening, Settings

    Serve = Callable[[Runs, Workspace], Awaitable[None]]

SECONDS_TO_END = 3.0
"""How long a signal waits for runs to end before we go; their supervisors end them in any case."""
ENDING_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGBREAK") if hasattr(signal, name)
)


def serve_stdio(settings: Settings) -> int:
    """Serve until standard input ends (0) or a signal comes (128 and its number), and leave nothing behind.

    Raises:
        RunnerError: the mount cannot be made, or there is no place for a temporary folder.
    """

    async def serve(runs: Runs, workspace: Workspace) -> None:
        await build_server(settings, workspace, runs, _without_stdout).run_stdio_async()

    with open_workspace(settings) as workspace:
        anyio.run(_serve, serve, settings, workspace)
    return 0


def serve_http(settings: Settings, listening: Listening) -> int:
    """Serve over HTTP until a signal comes, and leave nothing behind.

    Raises:
        ServerError: the address or the token cannot be used.
        RunnerError: as for `serve_stdio`.
    """
    from .http import announcement, listen
    from .token import token_for

    token, file = token_for(listening.token, listening.token_file) if listening.needs_token else ("", "")
    with listen(listening) as listener, open_workspace(settings) as workspace:
        sys.stderr.write(announcement(listening, listener.getsockname()[1], token, file))
        sys.stderr.flush()
        anyio.run(_serve, _over(listener, settings, listening, token), settings, workspace)
    return 0


def _over(listener: socket.socket, settings: Settings, listening: Listening, token: str) -> Serve:
    from .http import application
    from .http import listener as http_server

    async def serve(runs: Runs, workspace: Workspace) -> None:
        app = application(build_server(settings, workspace, runs), listening, token)
        await http_server(app).serve([listener])

    return serve


async def _serve(serve: Serve, settings: Settings, workspace: Workspace) -> None:
    runs = Runs(settings.runs_at_once)
    use_enough_threads(settings.runs_at_once)
    try:
        async with anyio.create_task_group() as tasks:
            await tasks.start(_end_on_signal, runs, workspace)
            if settings.dependencies:
                tasks.start_soon(preinstall, settings, workspace, runs)
            await serve(runs, workspace)
            tasks.cancel_scope.cancel()
    except* (BrokenPipeError, anyio.BrokenResourceError, anyio.ClosedResourceError):
        # The client is gone without a word; so are its runs, which were cancelled with the task group.
        pass
    finally:
        runs.close()


async def _end_on_signal(
    runs: Runs, workspace: Workspace, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """End all runs and the process when a signal asks for it.

    The process is left at once, since the thread that reads standard input cannot be woken.
    """
    with open_signal_receiver(*ENDING_SIGNALS) as signals:
        task_status.started()
        async for number in signals:
            await runs.end_all(SECONDS_TO_END)
            runs.close()
            workspace.close()
            os._exit(128 + number)


@contextlib.asynccontextmanager
async def _without_stdout(_: MCPServer[Any]) -> AsyncIterator[None]:
    """Send what anything here prints to stderr; the SDK holds the real stdout by now."""
    with contextlib.redirect_stdout(sys.stderr):
        yield
