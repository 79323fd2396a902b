"""What many runs do: side by side, one after the other, with much output, and when they are cancelled.

    python benchmarks/load.py [--at-once 32] [--in-a-row 1000] [--calls 1000] [--gigabytes 1]

Runs go through the server's path (a supervisor, a mount, the store closed), except those at once, which are commands.
Growth is what this process, its descriptors, its children and the store's folder of runs gain between the first tenth
of the runs and their end.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import forerun
from forerun.runner.process import Cancellation

WORK = "import numpy, pandas\nprint(pandas.DataFrame({'a': numpy.arange(1000)}).sum().to_json())\n"
STUBBORN = """\
import os, signal, subprocess, sys, time
for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(each, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(1000)"],
                 start_new_session=True)
open(os.path.join(MOUNT, "ready"), "w").close()
time.sleep(1000)
"""
CLIENT = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}
ROUNDS = 3


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["FORERUN_CACHE_DIR"] = str(folder / "cache")
        (folder / "mount").mkdir()
        at_once(options.at_once, folder)
        in_a_row(options.in_a_row, folder)
        calls(options.calls, folder)
        prints(options.gigabytes, folder)
        cancelled(folder)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--at-once", type=int, default=32, help="runs side by side (default: 32)")
    parser.add_argument("--in-a-row", type=int, default=1000, help="runs one after the other (default: 1000)")
    parser.add_argument("--calls", type=int, default=1000, help="calls of one server (default: 1000)")
    parser.add_argument("--gigabytes", type=float, default=1.0, help="what one run prints (default: 1)")
    return parser.parse_args()


def at_once(count: int, folder: Path) -> None:
    """Compare warm commands side by side with bare ones in an environment that is ready."""
    script = folder / "work.py"
    script.write_text(WORK)
    ours = [sys.executable, "-m", "forerun", str(script)]
    python = ready_environment(folder)
    until_compiled(ours, folder)
    bare, taken = [], []
    for _ in range(ROUNDS):
        bare.append(side_by_side([python, str(script)], count))
        taken.append(side_by_side(ours, count))
    ratio = statistics.median(taken) / statistics.median(bare)
    print(f"{count} at once: {ratio:.2f}x as many bare runs ({statistics.median(bare):.1f} s), all right", flush=True)


def ready_environment(folder: Path) -> str:
    """Make an environment with what the work needs, its bytecode compiled."""
    root = folder / "ready"
    subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
    python = str(root / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "numpy", "pandas"], check=True)
    return python


def until_compiled(ours: Sequence[str], folder: Path) -> None:
    """Run until the bytecode of the layer is complete, as it is after a few runs of a user."""
    waiting = folder / "wait.py"
    waiting.write_text(WORK + "import time; time.sleep(5)\n")
    side_by_side(ours, 1)
    while not list((folder / "cache").glob("*/layers/*/compiled")):
        side_by_side([*ours[:-1], str(waiting)], 1)


def side_by_side(command: Sequence[str], count: int) -> float:
    """Return the seconds until all have ended, each with its own right output."""
    began = time.perf_counter()
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(count)]
    for each in running:
        output, errors = each.communicate()
        assert (each.returncode, output) == (0, b'{"a":499500}\n'), errors
    return time.perf_counter() - began


def run(code: str, folder: Path, **options: object) -> forerun.RunResult:
    mount = ("/working", str(folder / "mount"))
    return forerun.run(code, protects_store=True, mount=mount, folder="/working", **options)  # type: ignore[arg-type]


def in_a_row(count: int, folder: Path) -> None:
    """Say what this process, its descriptors, its children and the store gain."""
    store = folder / "cache"
    before: list[float] = []
    for number in range(count):
        result = run(f"print({number})\n{number} * 2", folder)
        assert (result.status, result.output) == ("success", f"{number}\n"), result
        if number == count // 10:
            before = held(os.getpid(), store)
    report(f"{count} in a row", before, held(os.getpid(), store))


def held(process: int, store: Path) -> list[float]:
    """Return megabytes of memory, open descriptors, children, and files in the store, of a process."""
    proc = Path(f"/proc/{process}")
    status = (proc / "status").read_text()
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    children = sum(len(path.read_text().split()) for path in proc.glob("task/*/children"))
    files = sum(len(names) for _, _, names in os.walk(store))
    return [memory / 1e3, len(list((proc / "fd").iterdir())), children, files]


def report(what: str, before: Sequence[float], after: Sequence[float]) -> None:
    gains = ", ".join(
        f"{name} {first:.0f} -> {last:.0f}"
        for name, first, last in zip(("MB", "descriptors", "children", "files"), before, after, strict=True)
    )
    print(f"{what}: {gains}", flush=True)


def calls(count: int, folder: Path) -> None:
    """Say what a server holds after a tenth of some calls, and after all of them."""
    command = [sys.executable, "-m", "forerun", "stdio", "--path", str(folder / "mount")]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None
    assert server.stdout is not None
    before: list[float] = []
    ask(server, 0, "initialize", CLIENT)
    for number in range(1, count + 1):
        arguments = {"python_code": f"print({number})\n{number} * 2"}
        answer = ask(server, number, "tools/call", {"name": "run_python_code", "arguments": arguments})
        facts = answer["result"]["structuredContent"]
        assert (facts["output"], facts["return_value"]) == (f"{number}\n", number * 2), facts
        if number == count // 10:
            before = held(server.pid, folder / "cache")
    report(f"{count} calls of one server", before, held(server.pid, folder / "cache"))
    server.communicate()


def ask(server: subprocess.Popen[bytes], number: int, method: str, params: object) -> dict:  # type: ignore[type-arg]
    """Send a request, and return its answer; notifications on the way are passed over."""
    assert server.stdin is not None
    assert server.stdout is not None
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    server.stdin.write(json.dumps(message).encode() + b"\n")
    server.stdin.flush()
    while True:
        answer: dict = json.loads(server.stdout.readline())  # type: ignore[type-arg]
        if answer.get("id") == number:
            return answer


def prints(gigabytes: float, folder: Path) -> None:
    """Say by how much this process grows while a run prints."""
    code = (
        f"import os\nline = b'x' * 999_999 + b'\\n'\nfor _ in range({int(gigabytes * 1000)}):\n    os.write(1, line)\n"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    result = run(code, folder)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
    assert result.status == "success", result
    print(f"{gigabytes:g} GB of prints: {grown:.0f} MB more, {time.perf_counter() - began:.1f} s", flush=True)


def cancelled(folder: Path) -> None:
    """Say how long a run that ignores every signal takes to be gone, with what it started."""
    ready = folder / "mount" / "ready"
    cancellation = Cancellation()
    ended: list[float] = []

    def go() -> None:
        run(STUBBORN.replace("MOUNT", "'/working'"), folder, cancellation=cancellation)
        ended.append(time.perf_counter())

    runs = threading.Thread(target=go)
    runs.start()
    wait_for(ready.exists)
    began = time.perf_counter()
    cancellation.cancel()
    runs.join()
    left = [name for name in os.listdir("/proc") if name.isdigit() and b"time.sleep(1000)" in command_of(name)]
    print(f"cancel to gone: {ended[0] - began:.2f} s, {len(left)} processes left", flush=True)


def command_of(process: str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


if __name__ == "__main__":
    main()
