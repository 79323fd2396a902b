"""What does not fit into an answer -> kept for the session that made it, under a name that nobody can guess."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SESSION_HEADER = "mcp-session-id"
MOST_BYTES = 32_000_000
"""Of all that is kept; what was kept first goes first."""


class Kept(NamedTuple):
    """Something that one session may read: its MIME type and its bytes."""

    session: str
    mime_type: str
    data: bytes


class Shelf:
    """Keeps outputs and pictures in memory, where no program can reach them, for as long as there is room."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._held = 0
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def keep(self, kept: Kept) -> str:
        """Return the name under which the session finds it again, or "" where it is too large."""
        if len(kept.data) > self._most:
            return ""
        name = secrets.token_urlsafe(24)
        self._kept[name] = kept
        self._held += len(kept.data)
        while self._held > self._most:
            self._held -= len(self._kept.popitem(last=False)[1].data)
        return name

    def find(self, name: str, session: str) -> Kept | None:
        """Return what has a name, if it belongs to the session."""
        kept = self._kept.get(name)
        return kept if kept is not None and kept.session == session else None

    def forget(self, session: str) -> None:
        """Delete what a session kept."""
        for name in [name for name, kept in self._kept.items() if kept.session == session]:
            self._held -= len(self._kept.pop(name).data)


def session_of(context: Context[Any, Any]) -> str:
    """Return what tells the sessions of a server apart, "" where there is only one or the protocol has none.

    The transports have checked it: they route a message by it. Since the protocol of 2026-07-28 there is no session
    over HTTP, and the name of what is kept alone protects it.
    """
    request: Any = context.request_context.request
    if request is None or (context.protocol_version or "") >= "2026":
        return ""
    return str(request.headers.get(SESSION_HEADER) or request.query_params.get("session_id") or "")


class Farewell:
    """Deletes what a session kept when its client ends it (ASGI; DELETE in the streamable HTTP transport)."""

    def __init__(self, app: ASGIApp, shelf: Shelf) -> None:
        self._app = app
        self._shelf = shelf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and look whether it has ended a session."""
        ended = False

        async def watched(message: Message) -> None:
            nonlocal ended
            ended = ended or message.get("status", 500) < 300
            await send(message)

        if scope["type"] != "http" or scope["method"] != "DELETE":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, watched)
        for name, value in scope["headers"]:
            if ended and name == SESSION_HEADER.encode():
                self._shelf.forget(value.decode("latin-1"))
