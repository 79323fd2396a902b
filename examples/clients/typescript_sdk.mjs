// forerun by the first TypeScript SDK of MCP: npm install @modelcontextprotocol/sdk && node typescript_sdk.mjs
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const code = "import humanize\nhumanize.intcomma(1234567)";

const client = new Client({ name: "example", version: "1.0.0" });
await client.connect(new StdioClientTransport({ command: "forerun", args: ["stdio"], env: process.env }));
// The SDK waits a minute for an answer unless told otherwise; installing may take longer.
const answer = await client.callTool(
  { name: "run_python_code", arguments: { python_code: code } },
  undefined,
  { timeout: 300_000 },
);
console.log(answer.structuredContent.dependencies, answer.structuredContent.return_value);
await client.close();
