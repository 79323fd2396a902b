"""What does not fit into an answer -> kept for the session that made it, under a name that nobody can guess."""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SESSION_HEADER = "mcp-session-id"
FIRST_EVENT = re.compile(rb"event: endpoint\r?\ndata: \S*session_id=([0-9a-f]+)")
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
    """Deletes what a session kept when it ends (ASGI).

    In the streamable HTTP transport a client ends its session by DELETE; in the older one a session is as long as the
    stream of events, whose first event names it.
    """

    def __init__(self, app: ASGIApp, shelf: Shelf) -> None:
        self._app = app
        self._shelf = shelf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and see whether a session ends with it."""
        if scope["type"] != "http" or scope["method"] not in ("DELETE", "GET"):
            await self._app(scope, receive, send)
            return
        ending = ""

        async def watched(message: Message) -> None:
            nonlocal ending
            ending = ending or _named_in(message, scope)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            if ending:
                self._shelf.forget(ending)


def _named_in(answer: Message, scope: Scope) -> str:
    """Return the session that a part of an answer says will end with the request."""
    if scope["method"] == "DELETE":
        named = [value.decode("latin-1") for name, value in scope["headers"] if name == SESSION_HEADER.encode()]
        return named[0] if named and answer.get("status", 500) < 300 else ""
    found = FIRST_EVENT.match(answer.get("body", b""))
    return found[1].decode() if found else ""
