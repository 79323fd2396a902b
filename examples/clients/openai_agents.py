# /// script
# requires-python = ">=3.10"
# dependencies = ["openai-agents"]
# ///
"""forerun as an MCP server of the OpenAI Agents SDK.

With a key, give the server to an agent: `Agent(name="coder", mcp_servers=[server])`. Here its tool is called directly.
"""

from __future__ import annotations

import asyncio

from agents.mcp import MCPServerStdio

CODE = "import humanize\nhumanize.intcomma(1234567)"


async def main() -> None:
    """Run the code, and print what was installed and what it returned."""
    # The SDK waits 5 seconds for an answer unless told otherwise; installing takes longer.
    async with MCPServerStdio(
        params={"command": "forerun", "args": ["stdio"]}, client_session_timeout_seconds=300
    ) as server:
        answer = await server.call_tool("run_python_code", {"python_code": CODE})
        print(answer.structured_content["dependencies"], answer.structured_content["return_value"])


asyncio.run(main())
