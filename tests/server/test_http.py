"""Servers over HTTP: who gets in, what they are told, whose outputs they can read, and how they end."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from forerun.server.kept import Farewell, Kept, Shelf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from .conftest import HttpServer

    Ask = Callable[..., Awaitable[tuple[str, dict[str, Any], bool]]]

TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def open_server(serve_for_all: Callable[..., HttpServer]) -> HttpServer:
    """One server without a token for all tests that only ask whether they get in."""
    return serve_for_all("--no-token", "--allow-host", "forerun.example", "--allow-origin", "https://app.example")


@pytest.fixture(scope="module")
def closed_server(serve_for_all: Callable[..., HttpServer]) -> HttpServer:
    """One with a token that its operator chose."""
    return serve_for_all(FORERUN_TOKEN=TOKEN)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the servers of this file mount."""
    return tmp_path_factory.mktemp("mounted")


@pytest.fixture(scope="module", params=["streamable-http", "sse"])
def server(request: pytest.FixtureRequest, serve_for_all: Callable[..., HttpServer], folder: Path) -> HttpServer:
    """One server of each transport for all tests that only call tools."""
    return serve_for_all("--path", str(folder), transport=request.param)


@asynccontextmanager
async def client_of(server: HttpServer, mode: str = "auto") -> AsyncIterator[Client]:
    if server.url.endswith("/sse"):
        async with Client(sse_client(server.url, headers=server.headers), mode="legacy") as client:
            yield client
        return
    async with create_mcp_http_client(headers=server.headers) as http_client:
        transport = streamable_http_client(server.url, http_client=http_client)
        async with Client(transport, mode=mode) as client:
            yield client


INITIALIZE = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
).encode()
ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.mark.anyio
async def test_a_pasted_configuration_works(server: HttpServer, mode: str, ask: Ask) -> None:
    async with client_of(server, mode) as client:
        text, facts, is_error = await ask(client, "run_python_code", python_code="open('a.txt', 'w').write('x'); 1 + 1")
    assert (facts["return_value"], is_error) == (2, False)
    assert [each["path"] for each in facts["files"]] == ["/working/a.txt"]
    assert "/working/a.txt" in text


def test_only_who_has_the_token_gets_in(closed_server: HttpServer) -> None:
    assert closed_server.headers == {"Authorization": "Bearer ${FORERUN_TOKEN}"}
    assert TOKEN not in closed_server.said
    good = {**ACCEPT, "Authorization": f"Bearer {TOKEN}"}
    assert closed_server.request("POST", "/mcp", good, INITIALIZE)[0] == 200
    for wrong in (
        {},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
    ):
        status, text = closed_server.request("POST", "/mcp", {**ACCEPT, **wrong}, INITIALIZE)
        assert (status, text) == (401, "send the token of this server\n")
    assert closed_server.request("GET", "/nothing", {})[0] == 401
    assert closed_server.request("GET", "/healthz", {}) == (200, "ok\n")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Host": "evil.example"}, 421, id="foreign host"),
        pytest.param({"Host": "evil.example:3001"}, 421, id="foreign host with a port"),
        pytest.param({"Host": "localhost.evil.example"}, 421, id="host that begins like ours"),
        pytest.param({"Host": "["}, 421, id="host that is none"),
        pytest.param({"Origin": "http://evil.example"}, 403, id="foreign origin"),
        pytest.param({"Origin": "null"}, 403, id="opaque origin"),
        pytest.param({"Origin": "http://localhost.evil.example"}, 403, id="origin that begins like ours"),
        pytest.param({"Host": "localhost:1", "Origin": "http://localhost:5173"}, 200, id="ours"),
        pytest.param({"Host": "[::1]"}, 200, id="ours, IPv6"),
        pytest.param({"Host": "forerun.example", "Origin": "https://app.example"}, 200, id="allowed by the operator"),
    ],
)
def test_foreign_hosts_and_origins_are_refused(headers: dict[str, str], status: int, open_server: HttpServer) -> None:
    assert open_server.headers == {}
    assert "warning: without a token" in open_server.said
    assert open_server.request("POST", "/mcp", {**ACCEPT, **headers}, INITIALIZE)[0] == status
    assert open_server.request("GET", "/healthz", headers)[0] == status


def test_a_body_that_is_too_large_is_refused(closed_server: HttpServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", closed_server.port, timeout=120)
    connection.putrequest("POST", "/mcp")
    for name, value in {**ACCEPT, "Authorization": f"Bearer {TOKEN}", "Content-Length": "50000000"}.items():
        connection.putheader(name, value)
    connection.endheaders(b"{")
    assert connection.getresponse().status == 413
    connection.close()


def test_the_token_is_made_once_and_kept_private(serve: Callable[..., HttpServer], cache: Path) -> None:
    first = serve()
    file = cache / "http-token"
    assert file.stat().st_mode & 0o777 == 0o600
    assert str(file) in first.said
    assert first.headers == serve().headers == {"Authorization": f"Bearer {file.read_text().strip()}"}


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        pytest.param(["--no-token", "--host", "0.0.0.0"], "--no-token is for loopback addresses only", id="public"),
        pytest.param(["--token-file", "open"], "readable by nobody else", id="file that others can read"),
        pytest.param(["--token-file", "short"], "holds no usable token", id="short token"),
        pytest.param(["--token-file", "folder"], "cannot be read: Is a directory", id="folder"),
        pytest.param(["--host", "no.such.host.invalid"], "is no address of this machine", id="no address"),
        pytest.param(["--host", "192.0.2.1"], "cannot listen on", id="another machine's address"),
        pytest.param(["--port", "70000"], "must be from 0 to 65535", id="no port"),
    ],
)
def test_bad_flags_are_refused_in_one_sentence(
    flags: list[str], said: str, outer: dict[str, str], forerun_command: list[str], tmp_path: Path
) -> None:
    (tmp_path / "open").write_text(TOKEN)
    (tmp_path / "open").chmod(0o644)
    (tmp_path / "short").write_text("short")
    (tmp_path / "short").chmod(0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    command = [*forerun_command, "streamable-http", *flags]
    ended = subprocess.run(command, env=outer, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert said in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_one_sentence(outer: dict[str, str], forerun_command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [*forerun_command, "streamable-http", "--port", port]
        ended = subprocess.run(command, env=outer, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert ended.stderr == f"forerun: 127.0.0.1, port {port} is in use; choose another port with --port\n"


@pytest.mark.anyio
async def test_what_is_kept_is_for_the_session_that_made_it(server: HttpServer, ask: Ask) -> None:
    async with client_of(server, "legacy") as one, client_of(server, "legacy") as other:
        _, facts, _ = await ask(one, "run_python_code", python_code="print('x' * 100_000)")
        (file,) = facts["files"]
        assert len((await one.read_resource(file["uri"])).contents[0].text) == 100_001  # type: ignore[union-attr]
        with pytest.raises(Exception, match="belongs to another session"):
            await other.read_resource(file["uri"])


@pytest.mark.parametrize("transport", ["streamable-http", "sse"])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)], ids=["TERM", "HUP", "INT"]
)
@pytest.mark.anyio
async def test_signal_ends_the_run_and_the_server(
    transport: str, number: signal.Signals, code: int, serve: Callable[..., HttpServer], folder: Path, sleeper: Any,
    wait: Callable[..., None], cache: Path,
) -> None:  # fmt: skip
    server = serve("--path", str(folder), transport=transport)
    with pytest.raises(BaseException):  # noqa: B017, PT011, PT012 - each transport has its own way to say that it is gone
        async with client_of(server, "legacy") as client, anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: client.call_tool("run_python_code", {"python_code": sleeper.code}))
            while not sleeper.is_started():
                await anyio.sleep(0.05)
            server.process.send_signal(number)
            await anyio.to_thread.run_sync(lambda: wait(lambda: server.process.poll() is not None, "server ended"))
            raise RuntimeError("seen enough")
    assert server.process.returncode == code
    assert sleeper.is_gone()
    assert sorted(each.name for each in (cache / "1" / "runs").glob(f"{server.process.pid}-*")) == []


@pytest.mark.anyio
async def test_cancelling_a_call_ends_its_run(
    server: HttpServer, mode: str, sleeper: Any, wait: Callable[..., None]
) -> None:
    async with client_of(server, mode) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.call_tool, "run_python_code", {"python_code": sleeper.code})
        while not sleeper.is_started():
            await anyio.sleep(0.05)
        tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(lambda: wait(sleeper.is_gone, "program ended"))


CLIENT = """
import anyio, json, sys
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

async def main(url, headers, code):
    async with create_mcp_http_client(headers=headers) as http_client:
        is_sse = url.endswith("/sse")
        target = sse_client(url, headers) if is_sse else streamable_http_client(url, http_client=http_client)
        async with Client(target, mode="legacy" if is_sse else "auto") as client:
            await client.call_tool("run_python_code", {"python_code": code})

anyio.run(main, sys.argv[1], json.loads(sys.argv[2]), sys.argv[3])
"""


def test_a_client_that_is_gone_takes_its_run_along(server: HttpServer, sleeper: Any, wait: Callable[..., None]) -> None:
    gone = subprocess.Popen([sys.executable, "-c", CLIENT, server.url, json.dumps(server.headers), sleeper.code])
    try:
        wait(sleeper.is_started, "program started")
    finally:
        gone.kill()
        gone.wait()
    wait(sleeper.is_gone, "program ended")


@pytest.mark.parametrize("transport", ["streamable-http", "sse"])
@pytest.mark.anyio
async def test_what_is_kept_goes_with_its_session(transport: str) -> None:
    """A session's own server tells, since after its end nobody can ask."""
    shelf = Shelf()
    session = "0123456789abcdef0123456789abcdef"
    name = shelf.keep(Kept(session, "text/plain", b"x"))
    first = {
        "streamable-http": {"type": "http.response.start", "status": 200, "headers": []},
        "sse": {
            "type": "http.response.body",
            "body": f"event: endpoint\r\ndata: /messages/?session_id={session}\r\n\r\n".encode(),
        },
    }[transport]

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(first)
        assert shelf.find(name, session) is not None

    async def nothing(*_: Any) -> Any:
        return {}

    method = "GET" if transport == "sse" else "DELETE"
    scope = {"type": "http", "method": method, "headers": [(b"mcp-session-id", session.encode())]}
    await Farewell(app, shelf)(scope, nothing, nothing)
    assert shelf.find(name, session) is None
