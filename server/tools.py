"""The tools: arguments of a call -> one call of the runner or resolver -> content."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from mcp.server.mcpserver import Context, ElicitationResult, Resolve
from mcp_types import CallToolResult

from forerun.runner.prediction import foreseen

from .arguments import (
    NO_TEXTS,
    NO_VARIABLES,
    Arguments,
    BadArgument,
    Code,
    Dependencies,
    FilePath,
    PythonVersion,
    Stdin,
    Timeout,
    Variables,
    check_items,
    check_text,
    check_timeout,
    check_variables,
)
from .calls import told
from .consent import Consent, Proposal, asking
from .content import RunOutput
from .prediction import Prediction, prediction_of
from .proposals import code, proposers, read_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .calls import Calls
    from .settings import Settings
    from .workspace import Workspace

RunAnswer = Annotated[CallToolResult, RunOutput]
PredictionAnswer = Annotated[CallToolResult, Prediction]
Asker = Context[Any, Any]


class Tools(NamedTuple):
    """The functions that become MCP tools, by their names."""

    run_python_code: Callable[..., Awaitable[CallToolResult]]
    run_python_file: Callable[..., Awaitable[CallToolResult]]
    resolve_dependencies: Callable[..., Awaitable[CallToolResult]]


def tools_for(settings: Settings, workspace: Workspace, calls: Calls) -> Tools:
    """Return the tools of a server."""
    usual, own_map = settings.timeout, dict(settings.import_map)
    propose_code, propose_file = proposers(settings, workspace)

    async def run_python_code(
        python_code: Code,  # noqa: ARG001 - read by propose_code
        context: Asker,
        proposal: Proposal,
        consent: ElicitationResult[Consent],
        global_variables: Variables = NO_VARIABLES,
        dependencies: Dependencies = NO_TEXTS,
        stdin: Stdin = "",
        timeout: Timeout = usual,
        python_version: PythonVersion = "",
    ) -> RunAnswer:
        with told(workspace):
            await asyncio.to_thread(check_variables, global_variables)
            _check(stdin, timeout)
            asked = {
                "dependencies": dependencies,
                "stdin": stdin,
                "timeout": timeout,
                "variables": global_variables,
                "python": python_version,
            }
            return await calls.answer(proposal, [], context, consent, **asked)

    async def run_python_file(
        file_path: FilePath,  # noqa: ARG001 - read by propose_file
        context: Asker,
        proposal: Proposal,
        consent: ElicitationResult[Consent],
        args: Arguments = NO_TEXTS,
        dependencies: Dependencies = NO_TEXTS,
        stdin: Stdin = "",
        timeout: Timeout = usual,
        python_version: PythonVersion = "",
    ) -> RunAnswer:
        with told(workspace):
            check_items("args", args)
            _check(stdin, timeout)
            asked = {"dependencies": dependencies, "stdin": stdin, "timeout": timeout, "python": python_version}
            return await calls.answer(proposal, args, context, consent, **asked)

    async def resolve_dependencies(python_code: Code = "", file_path: FilePath = "") -> PredictionAnswer:
        with told(workspace):
            if bool(python_code) == bool(file_path):
                raise BadArgument("give either python_code or file_path")
            check_text("python_code", python_code)
            return await asyncio.to_thread(_predicted, python_code, file_path)

    def _predicted(python_code: str, file_path: str) -> CallToolResult:
        source = read_file(file_path, workspace)[0] if file_path else code(python_code, workspace)
        return prediction_of(foreseen(source, "", own_map), settings.policy, workspace)

    for tool, propose in ((run_python_code, propose_code), (run_python_file, propose_file)):
        # Written as text, an annotation could not name a function that is local here.
        tool.__annotations__["proposal"] = Annotated[Proposal, Resolve(propose)]
        tool.__annotations__["consent"] = Annotated[ElicitationResult[Consent], asking(propose)]
    return Tools(run_python_code, run_python_file, resolve_dependencies)


def _check(stdin: str, timeout: float) -> None:
    check_text("stdin", stdin)
    check_timeout(timeout)
