"""Server + where to listen -> MCP over HTTP: a socket, the application behind its guards, what a client needs."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import json
import socket
from typing import TYPE_CHECKING

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware.cors import CORSMiddleware

from .access import Doorkeeper, Guard
from .errors import ServerError
from .kept import Farewell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from starlette.types import ASGIApp

    from .app import Server
    from .settings import Listening

LARGEST_BODY = 40_000_000
"""Bytes of a request: what the arguments of a call may hold at most, written as JSON."""
PATHS = {"streamable-http": "/mcp", "sse": "/sse"}
WAITING_CONNECTIONS = 128
SECONDS_TO_CLOSE = 2


class Listener(uvicorn.Server):
    """Uvicorn without its signal handlers: ours end the runs first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def listen(listening: Listening) -> socket.socket:
    """Return a socket that listens where the operator asked.

    Raises:
        ServerError: the address is taken, not ours, or public where no token is asked for.
    """
    where = f"{listening.host}, port {listening.port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(
            listening.host, listening.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise ServerError(f"{listening.host!r} is no address of this machine; name one with --host") from error
    if not listening.needs_token and not ipaddress.ip_address(address[0]).is_loopback:
        raise ServerError("--no-token is for loopback addresses only; leave it out to have a token made")
    try:
        return socket.create_server((str(address[0]), address[1]), family=family, backlog=WAITING_CONNECTIONS)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ServerError(f"{where} is in use; choose another port with --port") from error
        raise ServerError(f"cannot listen on {where}: {error.strerror}") from error


def application(server: Server, listening: Listening, token: str) -> ASGIApp:
    """Return the ASGI application: the SDK's, behind our own checks of host, origin and token."""
    # Ours are stricter, and hold for every path; the SDK's would refuse names that the operator allowed.
    unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app: ASGIApp
    if listening.transport == "sse":
        app = server.sse_app(transport_security=unchecked, max_request_body_size=LARGEST_BODY)
    else:
        app = server.streamable_http_app(transport_security=unchecked, max_request_body_size=LARGEST_BODY)
    app = Farewell(app, server.shelf)
    if token:
        app = Guard(app, token)
    if listening.origins:
        app = CORSMiddleware(
            app,
            allow_origins=listening.origins,
            allow_methods=("GET", "POST", "DELETE"),
            allow_headers=("*",),
            expose_headers=("Mcp-Session-Id",),
        )
    return Doorkeeper(app, (*listening.hosts, listening.host), listening.origins)


def listener(app: ASGIApp) -> Listener:
    """Return the HTTP server for an application."""
    return Listener(
        uvicorn.Config(
            app,
            lifespan="on",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=SECONDS_TO_CLOSE,
        )
    )


def announcement(listening: Listening, port: int, token: str, file: str) -> str:
    """Return what the operator is told on stderr: where the server is, and a configuration to paste into a client."""
    host = f"[{listening.host}]" if ":" in listening.host else listening.host
    url = f"http://{host}:{port}{PATHS[listening.transport]}"
    entry: dict[str, Any] = {"type": "http" if listening.transport == "streamable-http" else "sse", "url": url}
    if token:
        # What the operator gave us in the environment is not repeated where it might be logged.
        entry["headers"] = {"Authorization": f"Bearer {token if file else '${FORERUN_TOKEN}'}"}
    lines = [f"forerun: serving MCP ({listening.transport}) on {url}"]
    if not token:
        lines.append(
            "forerun: warning: without a token, every program on this machine can run code through this server"
        )
    elif file:
        lines.append(f"forerun: the token is kept in {file}; delete that file to have a new one made")
    lines += ["forerun: configuration of a client:", json.dumps({"mcpServers": {"forerun": entry}}, indent=2)]
    return "\n".join(lines) + "\n"
