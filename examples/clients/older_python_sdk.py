# /// script
# requires-python = ">=3.10"
# dependencies = ["mcp>=1.20,<2"]
# ///
"""The same by version 1 of the Python SDK, as many hosts still use it."""

from __future__ import annotations

import asyncio

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

CODE = "import humanize\nhumanize.intcomma(1234567)"


async def main() -> None:
    """Run the code, and print what was installed and what it returned."""
    server = StdioServerParameters(command="forerun", args=["stdio"])
    async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as session:
        await session.initialize()
        answer = await session.call_tool("run_python_code", {"python_code": CODE})
        print(answer.structuredContent["dependencies"], answer.structuredContent["return_value"])


asyncio.run(main())
