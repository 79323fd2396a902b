"""Runs a script in a supervisor process of its own and captures what it writes: the library's and the server's way."""

from __future__ import annotations

import json
import os

from .bytecode import compile_command
from .capture import load
from .errors import RunnerError
from .exchange import read_file, write_file
from .execution import Execution, command_line, read_answer, return_value
from .mount import give_up_mounting, mountable
from .process import run_tool
from .protection import Watch, give_up_landlock, way_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from forerun.resolver.source import Source

    from .environment import Environment
    from .process import Cancellation
    from .request import Request

PACKAGE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOADER_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What an interpreter may need to find its own library; the supervisor gets nothing else of ours."""

LARGEST_IMAGE = 10_000_000
"""Bytes; a larger figure is left out."""


class Captured:
    """Runs a script without a terminal, contained by a supervisor, its output kept within limits."""

    def execute(
        self,
        source: Source,
        request: Request,
        environment: Environment,
        layer: str,
        may_retry: bool,
        cancellation: Cancellation | None,
    ) -> Execution:
        """Start the script and wait for it; see the Executor protocol.

        Raises:
            RunnerError: the supervisor or the script cannot be started.
            Cancelled: the run was cancelled before the script was started.
        """
        request = mountable(request)
        way = way_for(request, environment.store.folder)
        watch = Watch(way, layer, environment, cancellation)
        told = self._job(source, request, environment, layer, may_retry)
        told["closed"] = [environment.store.folder, environment.folder] if way in ("namespace", "landlock") else []
        told["by_landlock"] = way == "landlock"
        job = write_file(os.path.join(environment.folder, "job.json"), json.dumps(told).encode())
        starter = (
            f"import sys; sys.path.insert(0, {PACKAGE_ROOT!r}); "
            f"from forerun.runner.supervised import main; main({job!r})"
        )
        python = environment.interpreter.path
        needed = {name: os.environ[name] for name in LOADER_VARIABLES if name in os.environ}
        command = [python, "-I", "-S", "-c", starter]
        ended = run_tool(command, needed, environment.folder, None, cancellation, ends_by_lifeline=True)
        ending = _read_json(os.path.join(environment.folder, "ending.json"))
        refused = ending.get("refused")
        if refused:
            give_up = give_up_mounting if refused == "mount" else give_up_landlock
            give_up()
            return self.execute(source, request, environment, layer, may_retry, cancellation)
        if "outcome" not in ending:
            raise RunnerError(f"the script cannot be run: {_failure(ending, ended.stderr)}")
        output = load(read_file(os.path.join(environment.folder, "output")) or b"")
        return _execution(ending, environment, output).replace(notes=watch.notes())

    def _job(
        self, source: Source, request: Request, environment: Environment, layer: str, may_retry: bool
    ) -> dict[str, Any]:
        outer = os.environ if request.environment is None else request.environment
        variables = environment.variables(outer, layer, may_retry=may_retry, translated=request.translated)
        variables.update(FORERUN_TELLS="1")
        variables.setdefault("MPLBACKEND", "Agg")
        variables.setdefault("PYTHONIOENCODING", "utf-8:backslashreplace")
        folder = request.folder or os.getcwd()
        if source.kind != "script":
            variables["FORERUN_FOLDER"] = folder
            if request.variables:
                variables["FORERUN_VARIABLES"] = _written(
                    environment, "variables.json", json.dumps(request.variables).encode()
                )
        return {
            "arguments": command_line(source, request, environment),
            "environment": variables,
            "folder": folder,
            "deadline": request.deadline,
            "mounts": request.mounts,
            "background": compile_command(layer, environment.interpreter),
            "stdin": _written(environment, "stdin", request.stdin) if request.stdin else "",
            "head": request.head,
            "tail": request.tail,
        }


def _written(environment: Environment, name: str, data: bytes) -> str:
    return write_file(os.path.join(environment.folder, name), data)


def _read_json(path: str) -> dict[str, Any]:
    try:
        found = json.loads(read_file(path) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _failure(ending: dict[str, Any], stderr: bytes) -> str:
    last_line = stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return str(ending.get("failure") or last_line or "its supervisor was killed")


def _execution(ending: dict[str, Any], environment: Environment, chunks: list[tuple[int, bytes]]) -> Execution:
    answer = read_answer(environment.answer)
    cut = sum(int(data) for stream, data in chunks if stream == 0)
    streams = {number: b"".join(data for stream, data in chunks if stream == number) for number in (1, 2)}
    mark = f"\n[... {cut} bytes left out ...]\n".encode()
    whole = b"".join(mark if stream == 0 else data for stream, data in chunks)
    return Execution(
        ending["outcome"],
        ending["code"],
        ending["signal"],
        answer.get("missing", ""),
        answer.get("traceback", ""),
        bool(answer.get("read_stdin")),
        return_value(answer),
        streams[1].decode("utf-8", "replace"),
        streams[2].decode("utf-8", "replace"),
        whole.decode("utf-8", "replace"),
        cut,
        tuple(_images(answer, environment)),
    )


def _images(answer: dict[str, Any], environment: Environment) -> list[bytes]:
    """Read the figures that the script's interpreter saved in the run's own folder."""
    paths = (os.path.join(environment.folder, os.path.basename(name)) for name in answer.get("figures", ()))
    return [image for path in paths if (image := read_file(path, LARGEST_IMAGE))]
