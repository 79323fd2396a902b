# /// script
# requires-python = ">=3.10"
# dependencies = ["langchain-mcp-adapters"]
# ///
"""forerun's tools in LangChain, for any agent that takes tools."""

from __future__ import annotations

import asyncio

from langchain_mcp_adapters.client import MultiServerMCPClient

CODE = "import humanize\nhumanize.intcomma(1234567)"


async def main() -> None:
    """Run the code, and print what was installed and what it returned."""
    client = MultiServerMCPClient({"forerun": {"transport": "stdio", "command": "forerun", "args": ["stdio"]}})
    tools = {tool.name: tool for tool in await client.get_tools()}
    answer = await tools["run_python_code"].ainvoke({"python_code": CODE})
    print(answer if isinstance(answer, str) else answer[0]["text"])


asyncio.run(main())
