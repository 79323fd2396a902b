"""Names that the policy does not trust -> one question to the person, where their client can ask it.

The text is ours: a caller's code contributes names of distributions only, which are letters, digits and hyphens.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from mcp.server.mcpserver import AcceptedElicitation, Elicit, Resolve
from pydantic import BaseModel, Field

from forerun.resolver.declared import declared_requirements
from forerun.runner.prediction import foreseen
from forerun.runner.question import questions

from .variables import passed_on

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp.server.mcpserver import Context

    from forerun.resolver.source import Source
    from forerun.runner.question import Question

    from .settings import Settings

MOST_NAMES = 10
"""More are refused without a question: nobody would read it."""
LONGEST_NAME = 100


class Consent(BaseModel):
    """The person's answer."""

    install: bool = Field(
        default=False, title="Install them for this run", description="Installed code runs on this machine."
    )


class Proposal(NamedTuple):
    """What is to be run: the very source of which the person is asked, and what they may have doubts about."""

    source: Source
    shown_path: str = ""
    doubts: tuple[Question, ...] = ()

    def allowed_by(self, answer: Any) -> tuple[str, ...]:
        """Return the names that the person's answer allows for this run."""
        if not isinstance(answer, AcceptedElicitation) or not answer.data.install:
            return ()
        return tuple(each.name for each in self.doubts)


def asking(propose: Callable[..., Awaitable[Proposal]]) -> Resolve:
    """Return what has the SDK ask the person about a proposal, where there is something to ask."""

    async def ask(proposal: Proposal) -> Elicit[Consent] | Consent:
        return Elicit(_text(proposal.doubts), Consent) if proposal.doubts else Consent()

    # Written as text, an annotation could not name a function that is local here.
    ask.__annotations__["proposal"] = Annotated[Proposal, Resolve(propose)]
    return Resolve(ask)


def can_ask(context: Context[Any, Any]) -> bool:
    """Whether the client can put a form to its person."""
    capabilities = context.client_capabilities
    kinds = capabilities.elicitation if capabilities else None
    return kinds is not None and (kinds.form is not None or kinds.url is None)


def unvetted(source: Source, dependencies: list[str], python: str, settings: Settings) -> tuple[Question, ...]:
    """Return what a run would be refused for and a person may allow; () where they may not, or would not read it all.

    `python` is the version that the caller asks for, or "".
    """
    resolution = foreseen(source, python, dict(settings.import_map))
    named, bad = declared_requirements(dependencies, source.author, "", 0, "named by the caller")
    asked = {each.name for each in named}
    predicted = (each for each in resolution.requirements if each.name not in asked and not each.is_lazy)
    whole = resolution.replace(requirements=(*named, *predicted), unresolved=(*resolution.unresolved, *bad))
    found = questions(whole, settings.policy, source, passed_on(os.environ))
    is_readable = len(found) <= MOST_NAMES and all(len(each.name) <= LONGEST_NAME for each in found)
    return found if is_readable else ()


def _text(doubts: tuple[Question, ...]) -> str:
    lines = [f"- {each.reason}{f' (line {each.line})' if each.line else ''}" for each in doubts]
    return "\n".join(
        ["A program needs packages that this server does not trust on its own:", *lines, "Install them for this run?"]
    )
