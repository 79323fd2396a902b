"""The tools: arguments of a call -> one call of the runner or resolver -> content."""

from __future__ import annotations

import asyncio
import os
import posixpath
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult

from forerun.resolver.errors import ResolverError
from forerun.resolver.library import resolve
from forerun.resolver.notebook import code_of_notebook
from forerun.resolver.source import Source, from_bytes, from_code
from forerun.runner.errors import RunnerError

from . import words
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
from .content import RunOutput, content_of
from .files import FileRefused, parts_below, read_below
from .prediction import Prediction, prediction_of
from .variables import passed_on

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from .runs import Runs
    from .settings import Settings
    from .workspace import Workspace

RunAnswer = Annotated[CallToolResult, RunOutput]
PredictionAnswer = Annotated[CallToolResult, Prediction]


class Tools(NamedTuple):
    """The functions that become MCP tools, by their names."""

    run_python_code: Callable[..., Awaitable[CallToolResult]]
    run_python_file: Callable[..., Awaitable[CallToolResult]]
    resolve_dependencies: Callable[..., Awaitable[CallToolResult]]


def tools_for(settings: Settings, workspace: Workspace, runs: Runs) -> Tools:
    """Return the tools of a server; what a caller sends is never trusted, whatever it declares."""
    usual = settings.timeout
    options = _options(settings, workspace)

    async def run_python_code(
        python_code: Code,
        global_variables: Variables = NO_VARIABLES,
        dependencies: Dependencies = NO_TEXTS,
        stdin: Stdin = "",
        timeout: Timeout = usual,
        python_version: PythonVersion = "",
    ) -> RunAnswer:
        with _told(workspace):
            check_text("python_code", python_code)
            check_variables(global_variables)
            _check(dependencies, stdin, timeout, python_version)
            source = from_code(python_code, "caller", workspace.folder)
            asked = {"dependencies": dependencies, "stdin": stdin, "timeout": timeout}
            result = await runs.run(source, [], variables=global_variables, **asked, **options)
            return content_of(result, workspace)

    async def run_python_file(
        file_path: FilePath,
        args: Arguments = NO_TEXTS,
        dependencies: Dependencies = NO_TEXTS,
        stdin: Stdin = "",
        timeout: Timeout = usual,
        python_version: PythonVersion = "",
    ) -> RunAnswer:
        with _told(workspace):
            check_items("args", args)
            _check(dependencies, stdin, timeout, python_version)
            source, shown = await asyncio.to_thread(_read, file_path, workspace)
            asked = {"dependencies": dependencies, "stdin": stdin, "timeout": timeout}
            result = await runs.run(source, args, shown_path=shown, **asked, **options)
            return content_of(result, workspace)

    async def resolve_dependencies(python_code: Code = "", file_path: FilePath = "") -> PredictionAnswer:
        with _told(workspace):
            if bool(python_code) == bool(file_path):
                raise BadArgument("give either python_code or file_path")
            check_text("python_code", python_code)
            source = from_code(python_code, "caller", workspace.folder)
            if file_path:
                source, _ = await asyncio.to_thread(_read, file_path, workspace)
            resolution = await asyncio.to_thread(resolve, source)
            return prediction_of(resolution, settings.policy, workspace)

    return Tools(run_python_code, run_python_file, resolve_dependencies)


def _options(settings: Settings, workspace: Workspace) -> dict[str, Any]:
    """Return what holds for every run, whoever calls."""
    return {
        "preinstalled": settings.dependencies,
        "trust": settings.trust,
        "allow": settings.allow,
        "deny": settings.deny,
        "no_build": settings.no_build,
        "allow_build": settings.allow_build,
        "exclude_newer": settings.exclude_newer,
        "max_retries": settings.max_retries,
        "folder": workspace.virtual,
        "mount": workspace.mount,
        "environment": passed_on(os.environ),
        "isolation": settings.isolation,
        "protects_store": True,
    }


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


@contextmanager
def _told(workspace: Workspace) -> Iterator[None]:
    """Turn what we cannot do into the one sentence that the model is to read."""
    try:
        yield
    except (BadArgument, FileRefused, ResolverError, RunnerError) as error:
        sentence = words.encodable(str(error))
        raise ToolError(words.in_virtual_paths(sentence, workspace.mount)) from error
    except OSError as error:
        raise ToolError(f"the machine of this server refuses: {error.strerror or error}") from error
