"""HTTP requests -> those that may reach the server: from an allowed host and origin, with the token (ASGI)."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))

HEALTH = "/healthz"


class Refusal(NamedTuple):
    """The answer to a request that may not pass."""

    status: int
    text: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Doorkeeper:
    """Refuses foreign hosts and origins: a web page must not reach us by a name that it had resolve to our address.

    See "Security Warning" under Streamable HTTP in the MCP specification. Answers the health check itself.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], origins: Iterable[str]) -> None:
        self._app = app
        self._hosts = LOOPBACK | {each.lower().strip("[]") for each in hosts}
        self._origins = {each.lower().rstrip("/") for each in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] == "http":
            answer = self._refusal(scope) or (_HEALTHY if _is_health_check(scope) else None)
            if answer is not None:
                await _answer(answer, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        hosts, origins = _header(scope, b"host"), _header(scope, b"origin")
        if len(hosts) != 1 or _host_of(f"//{hosts[0]}") not in self._hosts:
            return Refusal(421, "this server does not answer to that host; its operator can add it with --allow-host")
        if len(origins) > 1 or not all(map(self._is_allowed, origins)):
            return Refusal(403, "pages of that origin may not use this server")
        return None

    def _is_allowed(self, origin: str) -> bool:
        return origin.lower() in self._origins or _host_of(origin) in LOOPBACK


class Guard:
    """Lets only requests through that carry the bearer token (RFC 6750)."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and not self._is_known(scope):
            await _answer(Refusal(401, "send the token of this server", ((b"www-authenticate", b"Bearer"),)), send)
            return
        await self._app(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        given = _header(scope, b"authorization")
        if len(given) != 1:
            return False
        scheme, _, token = given[0].partition(" ")
        sent = f"{scheme.title()} {token.strip()}".encode()
        # In constant time, so that the answer's delay tells nothing.
        return hmac.compare_digest(sent, self._expected)


_HEALTHY = Refusal(200, "ok")


def _is_health_check(scope: Scope) -> bool:
    return scope["path"] == HEALTH and scope["method"] in ("GET", "HEAD")


def _header(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _host_of(address: str) -> str:
    """Return the host of an address in lower case, or "" where it has none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


async def _answer(answer: Refusal, send: Send) -> None:
    body = f"{answer.text}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, *answer.headers]})
    await send({"type": "http.response.body", "body": body})
