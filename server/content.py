"""`RunResult` -> what an MCP client gets: tagged text for the model, the same as data, with what came of it."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any, Literal

from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel, Field

from . import words

if TYPE_CHECKING:
    from forerun.runner.result import Refused, ReturnValue, RunResult

    from .products import Products
    from .workspace import Workspace

Status = Literal["success", "run-error", "install-error", "refused", "timeout", "cancelled"]

MOST_OUTPUT, MOST_VALUE, MOST_ERROR = 60_000, 30_000, 10_000
"""Characters; together what a model can still take in, and what clients read without trouble."""
MOST_REASONS = 10
"""Refused names of which the reason is told."""


class File(BaseModel):
    """Something that can be read as a resource."""

    path: str = Field(description="Its path as programs see it, or what it is")
    uri: str
    size: int = Field(description="Bytes")


class RunOutput(BaseModel):
    """What came of a run."""

    status: Status = Field(description="run-error means that the program itself failed")
    dependencies: list[str] = Field(default_factory=list, description="Installed distributions with their versions")
    output: str = Field(default="", description="stdout and stderr, in the order in which they were written")
    return_value: Any = Field(default=None, description="Value of the last expression: data, or its repr as a string")
    error: str = Field(default="", description="The traceback, or a sentence that says what went wrong")
    exit_code: int = Field(default=0, description="The program's exit code")
    images: int = Field(default=0, description="Number of figures that come along as images")
    files: list[File] = Field(default_factory=list, description="Files written, figures, output that did not fit")
    notes: list[str] = Field(default_factory=list, description="What else is worth knowing of this run")
    seconds: dict[str, float] = Field(default_factory=dict, description="Time spent resolving, installing and running")
    attempts: int = Field(default=1, description="How often the program was started, 1 unless a module was missing")


def content_of(result: RunResult, workspace: Workspace, products: Products) -> CallToolResult:
    """Return the answer to a tool call; `is_error` marks what we could not do, not what the program did."""
    output, value = _facts(result, workspace, products)
    text = TextContent(type="text", text=_text(output, value))
    return CallToolResult(
        content=[text, *products.pictures, *products.links],
        structured_content=output.model_dump(mode="json"),
        is_error=result.status in ("refused", "install-error"),
    )


def _facts(result: RunResult, workspace: Workspace, products: Products) -> tuple[RunOutput, str]:
    """Return the facts, and the return value as text, both fit to be sent."""

    def said(text: str, limit: int, missing: int = 0) -> str:
        return words.shortened(words.in_virtual_paths(words.encodable(text), workspace.mount), limit, missing)

    data, value = _value(getattr(result, "value", None))
    timing = result.timing
    facts = RunOutput(
        status=result.status,
        dependencies=[str(each) for each in result.dependencies],
        output=said(result.output, MOST_OUTPUT, result.cut),
        return_value=data,
        error=said(_error(result), MOST_ERROR),
        exit_code=result.exit_code,
        images=len(products.pictures),
        files=[File(path=each.name, uri=str(each.uri), size=each.size or 0) for each in products.links],
        notes=[said(each, MOST_ERROR) for each in _notes(result, workspace, products)],
        seconds={name: round(getattr(timing, name), 3) for name in ("resolve", "install", "run")},
        attempts=max(1, len(result.attempts)),
    )
    return facts, value


def _notes(result: RunResult, workspace: Workspace, products: Products) -> tuple[str, ...]:
    """Return what else is worth knowing; what becomes of the folder only matters to who wrote into it."""
    return (*result.notes, *products.notes, *(workspace.notes if result.files else ()))


def _value(value: ReturnValue | None) -> tuple[Any, str]:
    """Return the value as data and as text; what is too long for that is its shortened text in both."""
    if value is None:
        return None, ""
    data = words.encodable_data(value.data if value.is_data else value.repr)
    if isinstance(data, str):
        text = words.shortened(data, MOST_VALUE)
        return text, text
    dense, pretty = json.dumps(data, ensure_ascii=False), json.dumps(data, indent=2, ensure_ascii=False)
    if len(dense) > MOST_VALUE:
        text = words.shortened(dense, MOST_VALUE)
        return text, text
    return data, pretty if len(pretty) <= MOST_VALUE else dense


def _error(result: RunResult) -> str:
    if result.status == "refused":
        return _refusal(result)
    if result.status == "run-error" and not result.error:
        if result.signal:
            return f"the program was ended by {_signal_name(result.signal)}"
        return f"the program ended with exit code {result.exit_code}"
    return result.error


def _refusal(result: Refused) -> str:
    reasons = [each.reason for each in result.verdicts]
    if len(reasons) > MOST_REASONS:
        reasons[MOST_REASONS:] = [f"{len(reasons) - MOST_REASONS} more are refused"]
    return f"not run: {'; '.join(reasons)}; ask the operator of this server"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _text(facts: RunOutput, value: str) -> str:
    """Return the form that users of the Pyodide server know; empty parts are left out."""
    lines = [f"<status>{facts.status}</status>"]
    if facts.dependencies:
        lines.append(f"<dependencies>{json.dumps(facts.dependencies)}</dependencies>")
    if facts.files:
        lines.append(f"<files>{json.dumps([each.path for each in facts.files])}</files>")
    parts = {"output": facts.output, "return_value": value, "error": facts.error}
    for tag, text in {**parts, "notes": "\n".join(facts.notes)}.items():
        if text:
            lines.append(f"<{tag}>\n{words.without_closing_tags(text.removesuffix(chr(10)))}\n</{tag}>")
    return "\n".join(lines)
