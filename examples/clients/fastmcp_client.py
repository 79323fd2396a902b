# /// script
# requires-python = ">=3.10"
# dependencies = ["fastmcp-slim[client]"]
# ///
"""forerun by the client of FastMCP."""

from __future__ import annotations

import asyncio

from fastmcp import Client
from fastmcp.client.transports import StdioTransport

CODE = "import humanize\nhumanize.intcomma(1234567)"


async def main() -> None:
    """Run the code, and print what was installed and what it returned."""
    async with Client(StdioTransport("forerun", ["stdio"])) as client:
        answer = await client.call_tool("run_python_code", {"python_code": CODE})
        print(answer.structured_content["dependencies"], answer.structured_content["return_value"])


asyncio.run(main())
