"""A command line -> the configuration with which a host starts it as an MCP server, in the host's own form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NAME = "forerun"
GOOSE_TIMEOUT = 300
"""Seconds; goose ends a call after that."""
CODEX_START, CODEX_TOOL = 30, 300
"""Seconds; Codex gives a server 10 to start and a tool 60 unless told otherwise."""


class Host(NamedTuple):
    """A program that starts MCP servers: where its configuration is, and how it is written."""

    where: str
    snippet: Callable[[Sequence[str]], str]


def _json(key: str, **more: Any) -> Callable[[Sequence[str]], str]:
    def snippet(command: Sequence[str]) -> str:
        entry = {**more, "command": command[0], "args": list(command[1:])}
        return json.dumps({key: {NAME: entry}}, indent=2) + "\n"

    return snippet


def _codex(command: Sequence[str]) -> str:
    # A JSON string of printable characters is a basic string of TOML, too.
    lines = [
        f"[mcp_servers.{NAME}]",
        f"command = {json.dumps(command[0])}",
        f"args = {json.dumps(list(command[1:]))}",
        f"startup_timeout_sec = {CODEX_START}",
        f"tool_timeout_sec = {CODEX_TOOL}",
    ]
    return "\n".join(lines) + "\n"


def _goose(command: Sequence[str]) -> str:
    # JSON is YAML, so that quoting is JSON's.
    lines = [
        "extensions:",
        f"  {NAME}:",
        f"    name: {NAME}",
        "    type: stdio",
        "    enabled: true",
        f"    cmd: {json.dumps(command[0])}",
        f"    args: {json.dumps(list(command[1:]))}",
        "    envs: {}",
        f"    timeout: {GOOSE_TIMEOUT}",
    ]
    return "\n".join(lines) + "\n"


HOSTS = {
    "claude-desktop": Host("claude_desktop_config.json (Settings, Developer, Edit Config)", _json("mcpServers")),
    "claude-code": Host(".mcp.json in the project's folder", _json("mcpServers", type="stdio")),
    "cursor": Host("~/.cursor/mcp.json, or .cursor/mcp.json in the project's folder", _json("mcpServers")),
    "vscode": Host(".vscode/mcp.json in the project's folder", _json("servers", type="stdio")),
    "zed": Host("settings.json (zed: open settings)", _json("context_servers", source="custom", env={})),
    "codex": Host("~/.codex/config.toml", _codex),
    "gemini": Host("~/.gemini/settings.json", _json("mcpServers")),
    "goose": Host("~/.config/goose/config.yaml", _goose),
}
