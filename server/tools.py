"""The tools: arguments of a call -> one call of the runner or resolver -> content."""

from __future__ import annotations

import asyncio
import os
import posixpath
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from mcp.server.mcpserver import Context, Elicit, ElicitationResult, Resolve
from mcp_types import CallToolResult

from forerun.resolver.library import resolve
from forerun.resolver.notebook import code_of_notebook
from forerun.resolver.source import Source, from_bytes, from_code

from .arguments import (
    MOST_TEXT,
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
    check_run,
    check_text,
    check_variables,
)
from .calls import told
from .consent import Consent, question
from .content import RunOutput
from .files import parts_below, read_below
from .prediction import Prediction, prediction_of

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
    usual = settings.timeout

    async def ask_for_code(python_code: str, dependencies: list[str], context: Asker) -> Elicit[Consent] | Consent:
        with told(workspace):
            check_text("python_code", python_code)
            check_items("dependencies", dependencies)
            return await question(_code(python_code, workspace), dependencies, settings.policy, context)

    async def ask_for_file(file_path: str, dependencies: list[str], context: Asker) -> Elicit[Consent] | Consent:
        with told(workspace):
            check_items("dependencies", dependencies)
            source, _ = await asyncio.to_thread(_read, file_path, workspace)
            return await question(source, dependencies, settings.policy, context)

    async def run_python_code(
        python_code: Code,
        context: Asker,
        consent: ElicitationResult[Consent],
        global_variables: Variables = NO_VARIABLES,
        dependencies: Dependencies = NO_TEXTS,
        stdin: Stdin = "",
        timeout: Timeout = usual,
        python_version: PythonVersion = "",
    ) -> RunAnswer:
        with told(workspace):
            check_text("python_code", python_code)
            await asyncio.to_thread(check_variables, global_variables)
            _check(dependencies, stdin, timeout, python_version)
            asked = {"dependencies": dependencies, "stdin": stdin, "timeout": timeout, "variables": global_variables}
            return await calls.answer(_code(python_code, workspace), [], context, consent, **asked)

    async def run_python_file(
        file_path: FilePath,
        context: Asker,
        consent: ElicitationResult[Consent],
        args: Arguments = NO_TEXTS,
        dependencies: Dependencies = NO_TEXTS,
        stdin: Stdin = "",
        timeout: Timeout = usual,
        python_version: PythonVersion = "",
    ) -> RunAnswer:
        with told(workspace):
            check_items("args", args)
            _check(dependencies, stdin, timeout, python_version)
            source, shown = await asyncio.to_thread(_read, file_path, workspace)
            asked = {"dependencies": dependencies, "stdin": stdin, "timeout": timeout, "shown_path": shown}
            return await calls.answer(source, args, context, consent, **asked)

    async def resolve_dependencies(python_code: Code = "", file_path: FilePath = "") -> PredictionAnswer:
        with told(workspace):
            if bool(python_code) == bool(file_path):
                raise BadArgument("give either python_code or file_path")
            check_text("python_code", python_code)
            source = _code(python_code, workspace)
            if file_path:
                source, _ = await asyncio.to_thread(_read, file_path, workspace)
            return await asyncio.to_thread(_predicted, source)

    def _predicted(source: Source) -> CallToolResult:
        return prediction_of(resolve(source), settings.policy, workspace)

    for tool, ask in ((run_python_code, ask_for_code), (run_python_file, ask_for_file)):
        # Written as text, an annotation could not name a function that is local here.
        tool.__annotations__["consent"] = Annotated[ElicitationResult[Consent], Resolve(ask)]
    return Tools(run_python_code, run_python_file, resolve_dependencies)


def _code(text: str, workspace: Workspace) -> Source:
    return from_code(text, "caller", workspace.folder)


def _check(dependencies: list[str], stdin: str, timeout: float, python_version: str) -> None:
    check_items("dependencies", dependencies)
    check_text("stdin", stdin)
    check_run(timeout, python_version)


def _read(file_path: str, workspace: Workspace) -> tuple[Source, str]:
    """Return a file under the mount as a Source, and its virtual path.

    Any file under the mount may have been written by a script, so that it ranks as code that a caller sends.
    """
    parts = parts_below(file_path, workspace.mount)
    data = read_below(workspace.folder, parts, MOST_TEXT)
    real, shown = os.path.join(workspace.folder, *parts), posixpath.join(workspace.virtual, *parts)
    if parts[-1].endswith(".ipynb"):
        text, notes = code_of_notebook(data)
        return Source(text, real, "notebook", "caller", notes, workspace.folder), shown
    return from_bytes(data, real, "script", "caller").replace(beside=workspace.folder), shown
