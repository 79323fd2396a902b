"""A checked call -> one run with its progress -> the answer; what the tools that run something have in common."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver.exceptions import ToolError

from forerun.resolver.errors import ResolverError
from forerun.runner.errors import InterpreterMissing, RunnerError
from forerun.runner.unlinked import FileRefused

from . import words
from .arguments import BadArgument
from .content import MOST_OUTPUT, content_of
from .kept import session_of
from .products import products_of
from .progress import Progress
from .runs import Busy
from .variables import passed_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp.server.mcpserver import Context
    from mcp_types import CallToolResult

    from forerun.runner.result import RunResult

    from .consent import Proposal
    from .kept import Shelf
    from .runs import Runs
    from .settings import Settings
    from .workspace import Workspace


class Calls:
    """Answers calls that run a program; what a caller sends is never trusted, whatever it declares."""

    def __init__(self, settings: Settings, workspace: Workspace, runs: Runs, shelf: Shelf) -> None:
        self._settings = settings
        self._workspace = workspace
        self._runs = runs
        self._shelf = shelf
        self._options = options_of(settings, workspace)

    async def answer(
        self, proposal: Proposal, arguments: list[str], context: Context[Any, Any], consent: Any, **asked: Any
    ) -> CallToolResult:
        """Run a program, and return what is to be said of it.

        Raises:
            Busy: too many calls wait already.
            RunnerError: forerun itself cannot do its part.
        """
        allow = (*self._settings.allow, *proposal.allowed_by(consent))
        options = {**self._options, "allow": allow, "shown_path": proposal.shown_path, **asked}
        async with Progress(context.report_progress, self._workspace.mount) as progress:
            result = await self._runs.run(proposal.source, arguments, progress, **options)
        return await asyncio.to_thread(self._content, result, session_of(context))

    def _content(self, result: RunResult, session: str) -> CallToolResult:
        products = products_of(result, self._workspace, self._shelf, session, MOST_OUTPUT)
        return content_of(result, self._workspace, products)


def options_of(settings: Settings, workspace: Workspace) -> dict[str, Any]:
    """Return what holds for every run, whoever calls."""
    return {
        "preinstalled": settings.dependencies,
        "trust": settings.trust,
        "allow": settings.allow,
        "deny": settings.deny,
        "import_map": dict(settings.import_map),
        "no_build": settings.no_build,
        "allow_build": settings.allow_build,
        "exclude_newer": settings.exclude_newer,
        "max_retries": settings.max_retries,
        "folder": workspace.virtual,
        "mount": workspace.mount,
        "environment": passed_on(os.environ),
        "isolation": settings.isolation,
        "protects_store": True,
        "sandbox": settings.sandbox,
        "no_network": settings.no_network,
        "limits": settings.limits,
    }


@contextmanager
def told(workspace: Workspace) -> Iterator[None]:
    """Turn what we cannot do into the one sentence that the model is to read."""
    try:
        yield
    except InterpreterMissing as error:
        # What the operator could do about it is not for the caller to read.
        versions = ", ".join(error.present)
        raise ToolError(f"this machine has no Python {error.wanted}; choose one of {versions}") from error
    except (BadArgument, Busy, FileRefused, ResolverError, RunnerError) as error:
        sentence = words.encodable(str(error))
        raise ToolError(words.in_virtual_paths(sentence, workspace.mount)) from error
    except OSError as error:
        raise ToolError(f"the machine of this server refuses: {error.strerror or error}") from error
