# /// script
# requires-python = ">=3.10"
# dependencies = ["mcp>=2.2,<3"]
# ///
"""forerun as a tool of a program of yours, by the Python SDK of MCP: `forerun examples/clients/python_sdk.py`."""

from __future__ import annotations

import asyncio

from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client

CODE = "import humanize\nhumanize.intcomma(1234567)"


async def main() -> None:
    """Run the code, and print what was installed and what it returned."""
    server = StdioServerParameters(command="forerun", args=["stdio"])
    async with Client(stdio_client(server)) as client:
        answer = await client.call_tool("run_python_code", {"python_code": CODE})
        print(answer.structured_content["dependencies"], answer.structured_content["return_value"])


asyncio.run(main())
