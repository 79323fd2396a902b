"""`Resolution` -> the answer of the tool that only predicts: requirements, and what stands in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel, Field

from forerun.resolver.report import requirement_lines, unresolved_line
from forerun.resolver.trust import accepted_guesses, judge

from . import words

if TYPE_CHECKING:
    from forerun.resolver.findings import Requirement, Resolution
    from forerun.resolver.trust import Policy

    from .workspace import Workspace

MOST_LINES = 500


class Needed(BaseModel):
    """A distribution that the script needs."""

    requirement: str
    level: str = Field(description="How well the distribution is known, from declared to unknown")
    is_allowed: bool = Field(description="Whether this server would install it")
    reason: str = Field(default="", description="Why it would not")
    imported_as: list[str] = Field(default_factory=list)


class Prediction(BaseModel):
    """What a script needs, found without running or installing anything."""

    would_run: bool = Field(description="Whether nothing known stands in the way of a run on this server")
    requirements: list[Needed]
    optional: list[str] = Field(description="Distributions that the script can do without")
    problems: list[str] = Field(description="What stands in the way, or is worth knowing")


def prediction_of(resolution: Resolution, rules: Policy, workspace: Workspace) -> CallToolResult:
    """Return the answer to a tool call; refusals come with their reason, not with a way round them."""

    def said(text: str) -> str:
        return words.in_virtual_paths(words.encodable(text), workspace.mount)

    accepted = accepted_guesses(resolution, rules)
    lacking = [unresolved_line(each) for each in resolution.unresolved if each not in accepted]
    needed = [_needed(each, rules) for each in resolution.requirements]
    is_fatal = any(each.is_fatal for each in resolution.diagnostics)
    prediction = Prediction(
        would_run=not lacking and not is_fatal and all(each.is_allowed for each in needed),
        requirements=needed[:MOST_LINES],
        optional=[each.name for each in resolution.optional][:MOST_LINES],
        problems=[said(each) for each in (*map(str, resolution.diagnostics), *lacking)][:MOST_LINES],
    )
    lines = [said(each) for each in requirement_lines(resolution, rules)][:MOST_LINES]
    block = TextContent(type="text", text=_text(lines, prediction))
    return CallToolResult(content=[block], structured_content=prediction.model_dump(mode="json"))


def _needed(requirement: Requirement, rules: Policy) -> Needed:
    verdict = judge(requirement, rules)
    return Needed(
        requirement=requirement.text,
        level=requirement.level,
        is_allowed=verdict.is_allowed,
        reason=verdict.reason,
        imported_as=sorted({words.encodable(each.module) for each in requirement.evidence})[:20],
    )


def _text(lines: list[str], prediction: Prediction) -> str:
    parts = {"requirements": lines, "optional": prediction.optional, "problems": prediction.problems}
    blocks = [f"<{tag}>\n" + "\n".join(texts) + f"\n</{tag}>" for tag, texts in parts.items() if texts]
    return "\n".join([f"<would_run>{str(prediction.would_run).lower()}</would_run>", *blocks])
