"""Prompts that a person picks in their client -> the message to the model."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver.prompts import Prompt
from pydantic import Field

from forerun.runner.unlinked import FileRefused

from .descriptions import EXPLAIN_FAILURE, PRECHECK
from .files import parts_below
from .products import uri_of

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from .workspace import Workspace

Path = Annotated[str, Field(description="A program under the mounted folder")]


def add_prompts(server: MCPServer[Any], workspace: Workspace) -> None:
    """Give a server its prompts."""

    def message(text: str, file_path: str) -> str:
        try:
            parts = parts_below(file_path, workspace.mount)
        except FileRefused as error:
            raise ValueError(str(error)) from error
        return text.format(path=posixpath.join(workspace.virtual, *parts), uri=uri_of(parts))

    def precheck_script(file_path: Path) -> str:
        return message(PRECHECK, file_path)

    def explain_failure(file_path: Path) -> str:
        return message(EXPLAIN_FAILURE, file_path)

    for prompt, title, description in (
        (precheck_script, "Precheck a program", "Would this program run here? Nothing is executed."),
        (explain_failure, "Explain a failure", "Run a program that fails, and find out why."),
    ):
        server.add_prompt(Prompt.from_function(prompt, title=title, description=description))
