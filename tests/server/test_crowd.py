"""Two hundred calls of eight clients at once, some cancelled, some clients killed: nothing mixes, nothing stays."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import HttpServer

pytestmark = pytest.mark.slow

CLIENTS, CALLS = 8, 25
CLIENT = """
import json, random, sys
import anyio
from mcp.client import Client

url, name, count, first = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
chance = random.Random(name)
seen = {"right": 0, "cancelled": 0, "wrong": []}

async def call(client, number):
    own = f"{name}-{number}"
    code = f"{first}\\nimport time\\nprint({own!r})\\ntime.sleep({chance.random() / 5})\\n{own!r}"
    with anyio.move_on_after(chance.choice([0.02, 0.3, None, None, None])) as scope:
        answer = (await client.call_tool("run_python_code", {"python_code": code})).structured_content
        is_right = (answer["status"], answer["output"], answer["return_value"]) == ("success", own + "\\n", own)
        if is_right:
            seen["right"] += 1
        else:
            seen["wrong"].append(answer)
    seen["cancelled"] += scope.cancelled_caught

async def main():
    async with Client(url) as client, anyio.create_task_group() as tasks:
        print("ready", flush=True)
        for number in range(count):
            tasks.start_soon(call, client, number)

anyio.run(main)
print(json.dumps(seen))
"""


def client_of(server: HttpServer, name: str, calls: int = CALLS, first: str = "") -> subprocess.Popen[str]:
    """Start a client that makes all of its calls at once, of programs that do something first, once it is connected."""
    command = [sys.executable, "-c", CLIENT, server.url, name, str(calls), first]
    client = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert client.stdout is not None
    assert client.stdout.readline() == "ready\n"
    return client


def runs_in(cache: Path) -> list[Path]:
    return [path for path in cache.glob("*/runs/*") if not path.name.startswith(".")]


def test_every_answer_belongs_to_its_question(
    serve: Callable[..., HttpServer], cache: Path, wait: Callable[..., None], folder: Path
) -> None:
    server = serve("--path", str(folder), "--no-token")
    clients = [client_of(server, f"client{number}") for number in range(CLIENTS)]
    for client in clients[:2]:
        client.kill()
        client.communicate()
    for client in clients[2:]:
        seen: dict[str, Any] = json.loads(client.communicate(timeout=300)[0])
        assert seen["wrong"] == []
        assert seen["right"] + seen["cancelled"] == CALLS
        assert seen["right"]
    wait(lambda: not runs_in(cache), "every run gone", 120)
    last = client_of(server, "last", 5)
    assert json.loads(last.communicate(timeout=300)[0])["right"]


def test_a_killed_server_takes_them_all_along(
    serve: Callable[..., HttpServer], cache: Path, wait: Callable[..., None], folder: Path, sleeper: Any
) -> None:
    server = serve("--path", str(folder), "--no-token")
    client = client_of(server, "before", 3, sleeper.code)
    wait(sleeper.is_started, "program started")
    server.process.kill()
    server.process.wait()
    client.kill()
    client.communicate()
    wait(sleeper.is_gone, "programs gone")
    after = serve("--path", str(folder), "--no-token")
    again = client_of(after, "after")
    assert json.loads(again.communicate(timeout=300)[0])["wrong"] == []
    wait(lambda: not runs_in(cache), "what the killed one left is gone", 120)
