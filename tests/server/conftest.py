"""What the tests of the server share: clients in this process, and servers in processes of their own."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from mcp.client import Client
from mcp_types import TextContent

from forerun.server.app import build_server
from forerun.server.runs import Runs
from forerun.server.settings import Settings
from forerun.server.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator
    from contextlib import AbstractAsyncContextManager


class Connect(Protocol):
    """Connects a client to a server in this process."""

    def __call__(self, mode: str = "auto", **settings: Any) -> AbstractAsyncContextManager[Client]: ...


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def cache(cache_dir: Path) -> Path:
    return cache_dir


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mounted"
    made.mkdir()
    return made


@pytest.fixture
def connect(folder: Path) -> Connect:
    @asynccontextmanager
    async def connected(mode: str = "auto", **options: Any) -> AsyncIterator[Client]:
        settings = Settings(**{"path": str(folder), **options})
        runs = Runs(settings.runs_at_once)
        with open_workspace(settings) as workspace:
            async with Client(build_server(settings, workspace, runs), mode=mode) as client:
                yield client
        runs.close()

    return connected


@pytest.fixture(params=["auto", "legacy"])
def mode(request: pytest.FixtureRequest) -> str:
    """Each era of the protocol."""
    name: str = request.param
    return name


@pytest.fixture
def ask() -> Callable[..., Awaitable[tuple[str, dict[str, Any], bool]]]:
    """Calls a tool, and returns its text, its facts, and whether that was an error of ours."""

    async def call(client: Client, tool: str, **arguments: Any) -> tuple[str, dict[str, Any], bool]:
        answer = await client.call_tool(tool, arguments)
        first = answer.content[0]
        assert isinstance(first, TextContent)
        return first.text, answer.structured_content or {}, bool(answer.is_error)

    return call


class RawServer:
    """A server process, spoken to in bare lines of JSON, so that nothing a client library does can hide its life."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._number = 0

    def send(self, method: str, params: dict[str, Any] | None = None, *, is_request: bool = True) -> None:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        if is_request:
            self._number += 1
            message["id"] = self._number
        self.send_line(json.dumps(message))

    def send_line(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        message: dict[str, Any] = json.loads(self.process.stdout.readline())
        return message

    def initialize(self) -> dict[str, Any]:
        client = {"name": "raw", "version": "1"}
        version = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
        self.send("initialize", version)
        answer = self.answer()
        self.send("notifications/initialized", is_request=False)
        return answer

    def call(self, tool: str, **arguments: Any) -> None:
        self.send("tools/call", {"name": tool, "arguments": arguments})


@pytest.fixture
def start(outer: dict[str, str], forerun_command: list[str], tmp_path: Path) -> Iterator[Callable[..., RawServer]]:
    started: list[subprocess.Popen[bytes]] = []

    def start_server(*flags: str, **more: str) -> RawServer:
        process = subprocess.Popen(
            [*forerun_command, "stdio", *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**outer, **more},
            cwd=tmp_path,
        )
        started.append(process)
        return RawServer(process)

    yield start_server
    for process in started:
        process.kill()
        process.communicate()


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, f"still not: {what}"
        time.sleep(0.02)


class HttpServer:
    """A server process, and what it said on stderr: where it is, and how a client is configured."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = ""
        assert process.stderr is not None
        while not self.said.endswith("\n}\n"):
            line = process.stderr.readline()
            assert line, f"it ended: {self.said}"
            self.said += line
        entry = json.loads(self.said[self.said.index("{") :])["mcpServers"]["forerun"]
        self.url: str = entry["url"]
        self.headers: dict[str, str] = entry.get("headers", {})
        self.port = int(self.url.split(":")[2].split("/")[0])

    def request(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read().decode() if answer.getheader("content-type") != "text/event-stream" else ""
        connection.close()
        return answer.status, text


Launch = Callable[[list[str], dict[str, str], Path], HttpServer]


@pytest.fixture(scope="session")
def launch() -> Launch:
    """Starts a server over HTTP, on a free port."""

    def launched(command: list[str], environment: dict[str, str], folder: Path) -> HttpServer:
        process = subprocess.Popen(
            [*command, "--port", "0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder,
        )
        return HttpServer(process)

    return launched


@pytest.fixture
def serve(
    outer: dict[str, str], forerun_command: list[str], launch: Launch, tmp_path: Path
) -> Iterator[Callable[..., HttpServer]]:
    """Starts servers that end with the test."""
    yield from _serving(forerun_command, outer, launch, tmp_path)


@pytest.fixture(scope="module")
def serve_for_all(
    outer: dict[str, str], forerun_command: list[str], launch: Launch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., HttpServer]]:
    """Starts servers that end with the file, for tests that neither end them nor need flags of their own."""
    yield from _serving(forerun_command, outer, launch, tmp_path_factory.mktemp("served"))


def _serving(
    command: list[str], environment: dict[str, str], launch: Launch, folder: Path
) -> Iterator[Callable[..., HttpServer]]:
    started: list[HttpServer] = []

    def start(*flags: str, transport: str = "streamable-http", **more: str) -> HttpServer:
        started.append(launch([*command, transport, *flags], {**environment, **more}, folder))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.communicate()


Install = Callable[[str], Path]


@pytest.fixture(scope="session")
def install(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Installs a package of npm into a folder, and returns it.

    There is one for all, with a newer Node than most machines have: that, and what the packages share, is large.
    """
    if shutil.which("npm") is None:
        pytest.skip("there is no npm")
    folder = tmp_path_factory.mktemp("npm")
    path = f"{folder / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"

    def installed(package: str) -> Path:
        command = ["npm", "install", "--no-fund", "--no-audit", package]
        subprocess.run(command, cwd=folder, capture_output=True, check=True, env={**os.environ, "PATH": path})
        return folder

    installed("node@22")
    return installed


class Sleeper:
    """A program that starts another and sleeps; both hold a file open, by which they are found."""

    code = (
        "import os, subprocess, time\n"
        "held = open('held.part', 'w')\n"
        "subprocess.Popen(['sleep', '600'], start_new_session=True, pass_fds=[held.fileno()])\n"
        "os.rename('held.part', 'held')\n"
        "time.sleep(600)\n"
    )

    def __init__(self, folder: Path) -> None:
        self._held = folder / "held"
        self._held.unlink(missing_ok=True)

    def is_started(self) -> bool:
        return self._held.exists()

    def is_gone(self) -> bool:
        return not any(_holds(descriptors, self._held) for descriptors in Path("/proc").glob("[0-9]*/fd"))


def _holds(descriptors: Path, file: Path) -> bool:
    """Whether a process has a file open."""
    try:
        return any(os.path.realpath(each) == os.path.realpath(file) for each in descriptors.iterdir())
    except OSError:
        return False


@pytest.fixture
def sleeper(folder: Path) -> Sleeper:
    return Sleeper(folder)


@pytest.fixture
def wait() -> Callable[..., None]:
    return wait_until
