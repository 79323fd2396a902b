"""Names that the policy does not trust -> one question to the person, where their client can ask it.

The text is ours: a caller's code contributes names of distributions only, which are letters, digits and hyphens.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from mcp.server.mcpserver import AcceptedElicitation, Elicit
from pydantic import BaseModel, Field

from forerun.resolver.declared import declared_requirements
from forerun.resolver.library import resolve
from forerun.resolver.trust import judge

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context

    from forerun.resolver.source import Source
    from forerun.resolver.trust import Policy, Verdict

MOST_NAMES = 10
"""More are refused without a question: nobody would read it."""
LONGEST_NAME = 100


class Doubt(NamedTuple):
    """A verdict, and the line of the program that needs the distribution (0 for none)."""

    verdict: Verdict
    line: int


class Consent(BaseModel):
    """The person's answer."""

    install: bool = Field(
        default=False, title="Install them for this run", description="Installed code runs on this machine."
    )


NOTHING_ASKED = Consent()
"""Allows nothing, and is what a client gets that cannot ask, or need not."""


def allowed_by(answer: Any, source: Source, dependencies: list[str], rules: Policy) -> tuple[str, ...]:
    """Return the names that the person's answer allows for one run."""
    if not isinstance(answer, AcceptedElicitation) or not answer.data.install:
        return ()
    return tuple(each.verdict.name for each in unvetted(source, dependencies, rules))


def can_ask(context: Context[Any, Any]) -> bool:
    """Whether the client can put a form to its person."""
    capabilities = context.client_capabilities
    asking = capabilities.elicitation if capabilities else None
    return asking is not None and (asking.form is not None or asking.url is None)


async def question(
    source: Source, dependencies: list[str], rules: Policy, context: Context[Any, Any]
) -> Elicit[Consent] | Consent:
    """Return what to ask before a run, or an answer that allows nothing where there is nothing to ask."""
    if not can_ask(context):
        return NOTHING_ASKED
    doubtful = await asyncio.to_thread(unvetted, source, dependencies, rules)
    if not doubtful or len(doubtful) > MOST_NAMES or any(len(each.verdict.name) > LONGEST_NAME for each in doubtful):
        return NOTHING_ASKED
    return Elicit(_text(doubtful), Consent)


def unvetted(source: Source, dependencies: list[str], rules: Policy) -> tuple[Doubt, ...]:
    """Return what a run would be refused for, and that a person may allow; () where one may not."""
    resolution = resolve(source)
    named, bad = declared_requirements(dependencies, source.author, "", 0, "named by the caller")
    asked = {each.name for each in named}
    predicted = (each for each in resolution.requirements if each.name not in asked and not each.is_lazy)
    doubts = tuple(
        Doubt(verdict, each.evidence[0].line if each.evidence else 0)
        for each in (*named, *predicted)
        if not (verdict := judge(each, rules)).is_allowed
    )
    # A verdict without a next step is final: the name is on the deny list.
    is_final = bool(bad) or any(each.kind == "refused" for each in resolution.unresolved)
    return () if is_final or not all(each.verdict.next_step for each in doubts) else doubts


def _text(doubts: tuple[Doubt, ...]) -> str:
    lines = [f"- {each.verdict.reason}{f' (line {each.line})' if each.line else ''}" for each in doubts]
    return "\n".join(
        ["A program needs packages that this server does not trust on its own:", *lines, "Install them for this run?"]
    )
