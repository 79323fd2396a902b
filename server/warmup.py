"""A check of the whole way: an MCP client in this process has the server run a program with a dependency."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
from mcp.client import Client

from forerun import __version__

from .app import build_server
from .arguments import RUNNING
from .runs import Runs, use_enough_threads
from .workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TextIO

    from mcp_types import CallToolResult

    from .settings import Settings
    from .workspace import Workspace

PROGRAM = """\
import os
import numpy
with open("warmup.txt", "w") as file:
    file.write("forerun was here")
os.remove(os.path.join({mount!r}, "warmup.txt"))
numpy.arange(5).sum()
"""
EXPECTED = 10


class WarmupFailed(Exception):
    """The program did not run as it should; `str()` is the reason."""


def warm_up(settings: Settings, report: TextIO) -> int:
    """Run a real program with a real dependency, and tell how that went; 1 when it failed.

    Raises:
        RunnerError: the mount cannot be made, or there is no place for a temporary folder.
    """
    report.write(f"forerun {__version__}, Python {RUNNING}\n")
    with open_workspace(settings) as workspace:
        try:
            anyio.run(_warm_up, settings, workspace, report)
        except WarmupFailed as failure:
            report.write(f"failed: {failure}\n")
            return 1
    report.write("ready\n")
    return 0


async def _warm_up(settings: Settings, workspace: Workspace, report: TextIO) -> None:
    use_enough_threads(settings.runs_at_once)
    runs = Runs(settings.runs_at_once)
    began = time.monotonic()
    async with Client(build_server(settings, workspace, runs)) as client:
        tools = (await client.list_tools()).tools
        report.write(f"ok  the server answers with {len(tools)} tools ({time.monotonic() - began:.1f} s)\n")
        program = PROGRAM.format(mount=workspace.virtual)
        answer = await client.call_tool("run_python_code", {"python_code": program})
    runs.close()
    for line in _checked(answer, workspace):
        report.write(f"ok  {line}\n")


def _checked(answer: CallToolResult, workspace: Workspace) -> Iterator[str]:
    """Yield what worked.

    Raises:
        WarmupFailed: something did not.
    """
    facts: dict[str, Any] = answer.structured_content or {}
    if facts.get("status") != "success":
        said = "".join(getattr(each, "text", "") for each in answer.content)
        raise WarmupFailed(facts.get("error") or said.partition(": ")[2])
    if facts["return_value"] != EXPECTED:
        raise WarmupFailed(f"the program returned {facts['return_value']!r} instead of {EXPECTED}")
    seconds = facts["seconds"]
    yield f"{', '.join(facts['dependencies'])} is ready ({seconds['install']:.1f} s)"
    yield f"the program ran, and wrote under {workspace.virtual} ({seconds['run']:.1f} s)"
