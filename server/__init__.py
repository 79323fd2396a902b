"""MCP tools and transports: translates, decides nothing."""

from __future__ import annotations
