"""How fast does the MCP server answer? Each figure stands against a baseline measured in the same run, interleaved.

    python benchmarks/server.py [--rounds 30]

`1+1` over stdio is compared with `python -c 1+1`, and the time from the start of the process to the answer of
`initialize` with that of a server of the SDK that has no tools.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

BARE = "from mcp.server import MCPServer; MCPServer('bare').run('stdio')"
CLIENT = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="measurements of each (default: 30)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "FORERUN_CACHE_DIR": folder}
        ours = [sys.executable, "-m", "forerun", "stdio"]
        servers: list[Server] = []
        bare, started = compared(
            max(3, rounds // 5),
            lambda: servers.append(Server([sys.executable, "-c", BARE], environment)),
            lambda: servers.append(Server(ours, environment)),
        )
        print(f"initialize: {started / bare:.2f}x a bare server of the SDK ({bare:.0f} ms, {started:.0f} ms)")
        for server in servers[:-1]:
            server.close()
        server = servers[-1]
        command = [sys.executable, "-c", "1+1"]
        bare, called = compared(rounds, lambda: subprocess.run(command, check=True), lambda: server.run("1+1"))
        print(f"1+1: {called - bare:.0f} ms more than python -c 1+1 ({bare:.0f} ms, {called:.0f} ms)")
        server.close()


def compared(rounds: int, *actions: Callable[[], Any]) -> list[float]:
    """Return the median of each action in milliseconds; the first round is not counted."""
    seconds: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds + 1):
        for action, kept in zip(actions, seconds, strict=True):
            began = time.perf_counter()
            action()
            kept.append(time.perf_counter() - began)
    return [statistics.median(kept[1:]) * 1000 for kept in seconds]


class Server:
    """A server process that has been initialized."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self._number = 0
        self._ask("initialize", CLIENT)
        self._send({"method": "notifications/initialized"})

    def run(self, code: str) -> None:
        answer = self._ask("tools/call", {"name": "run_python_code", "arguments": {"python_code": code}})
        assert answer["result"]["structuredContent"]["status"] == "success", answer

    def close(self) -> None:
        self._process.communicate()

    def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        self._send({"method": method, "params": params, "id": self._number})
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self._process.stdin.flush()


if __name__ == "__main__":
    main()
