# /// script
# requires-python = ">=3.10"
# dependencies = ["pydantic-ai-slim[mcp]"]
# ///
"""An agent of Pydantic AI that runs Python by forerun.

The model here is a function, so that the example needs no key: put `Agent("openai:gpt-5", ...)` or the like in its
place.
"""

from __future__ import annotations

import asyncio

from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset, StdioTransport
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

CODE = "import humanize\nhumanize.intcomma(1234567)"


def think(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
    """Call the tool once, then say what it returned."""
    for part in messages[-1].parts:
        if isinstance(part, ToolReturnPart):
            return ModelResponse([TextPart(f"{part.content['dependencies']} {part.content['return_value']}")])
    return ModelResponse([ToolCallPart("run_python_code", {"python_code": CODE})])


async def main() -> None:
    """Run the code, and print what was installed and what it returned."""
    agent = Agent(FunctionModel(think), toolsets=[MCPToolset(StdioTransport("forerun", ["stdio"]))])
    async with agent:
        print((await agent.run("How does one write 1234567?")).output)


asyncio.run(main())
