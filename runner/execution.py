"""Environment + script -> `Execution`: one start of the script, with our own streams or captured."""

from __future__ import annotations

import os
import stat
import sys

from forerun.resolver.value import Value

from .bytecode import compile_command
from .environment import INSIDE
from .errors import RunnerError
from .mount import give_up_mounting, mountable
from .mount_namespace import MountRefused
from .result import ReturnValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, Protocol

    from forerun.resolver.source import Source

    from .environment import Environment
    from .process import Cancellation
    from .request import Request
    from .supervisor import Ending, Job

    class Executor(Protocol):
        """What starts a script once, in an environment."""

        def execute(
            self,
            source: Source,
            request: Request,
            environment: Environment,
            layer: str,
            may_retry: bool,
            cancellation: Cancellation | None,
        ) -> Execution:
            """Start the script and wait for it."""
            ...


class Execution(Value):
    """How one start of a script ended; `missing` is the module that it lacked, `error` its traceback."""

    outcome: Literal["exited", "timeout", "cancelled"]
    code: int
    signal: int = 0
    missing: str = ""
    error: str = ""
    read_stdin: bool = False
    value: ReturnValue | None = None
    stdout: str = ""
    stderr: str = ""
    output: str = ""
    cut: int = 0
    images: tuple[bytes, ...] = ()


LARGEST_ANSWER = 100_000_000
"""Bytes; an interpreter of ours answers with less."""


def command_line(source: Source, request: Request, environment: Environment) -> list[str]:
    """Return what to execute: the user's file itself, or our starter with the code as `main.py`.

    Raises:
        RunnerError: the code cannot be written down.
    """
    if source.kind == "script":
        # Relative as it was given, so that `__file__` and `sys.argv` are what Python would make of it.
        path = os.path.abspath(source.path) if request.folder else source.path
        return [environment.python, request.shown_path or path, *request.arguments]
    main = os.path.join(environment.folder, "main.py")
    try:
        with open(main, "w", encoding="utf-8", errors="surrogatepass", newline="") as file:
            file.write(source.text)
    except OSError as error:
        raise RunnerError(f"the code cannot be written to {main}: {error.strerror}") from error
    return [environment.python, os.path.join(INSIDE, "_forerun_code.py"), main, *request.arguments]


class Attached:
    """Runs a script with our own terminal and streams, as if `python FILE` had been called."""

    def __init__(self) -> None:
        self._input_began = _position_of_input()

    def execute(
        self,
        source: Source,
        request: Request,
        environment: Environment,
        layer: str,
        may_retry: bool,
        cancellation: Cancellation | None,
    ) -> Execution:
        """Start the script and wait for it."""
        from .supervisor import run_attached

        if cancellation is not None:
            cancellation.check()
        if sys.stdout is not None:
            sys.stdout.flush()
        if self._input_began is not None:
            # A rerun reads a redirected file from where the first start did.
            os.lseek(0, self._input_began, os.SEEK_SET)
        request = mountable(request)
        try:
            ending = run_attached(self._job(source, request, environment, layer, may_retry))
        except MountRefused:
            give_up_mounting()
            return self.execute(source, request, environment, layer, may_retry, cancellation)
        except OSError as error:
            raise RunnerError(f"the script cannot be started: {error.strerror or error}") from error
        return _attached(ending, read_answer(environment.answer))

    def _job(self, source: Source, request: Request, environment: Environment, layer: str, may_retry: bool) -> Job:
        from .supervisor import Job

        translated = request.translated
        variables = environment.variables(os.environ, layer, may_retry=may_retry, translated=translated)
        folder = request.folder or (os.getcwd() if request.mounts else "")
        if source.kind != "script":
            variables["FORERUN_FOLDER"] = folder or os.getcwd()
        background = compile_command(layer, environment.interpreter)
        command = command_line(source, request, environment)
        return Job(command, variables, folder, request.deadline, request.mounts, background)


def _position_of_input() -> int | None:
    """Return how far standard input has been read where it is a file, else None."""
    try:
        return os.lseek(0, 0, os.SEEK_CUR) if stat.S_ISREG(os.fstat(0).st_mode) else None
    except OSError:
        return None


def _attached(ending: Ending, answer: dict[str, Any]) -> Execution:
    return Execution(
        "timeout" if ending.is_timeout else "exited",
        ending.code,
        ending.signal,
        answer.get("missing", ""),
        answer.get("traceback", ""),
        answer.get("read_stdin", False),
    )


def read_answer(path: str) -> dict[str, Any]:
    """Return what the script's interpreter left for us, or {} where it left nothing that can be read."""
    try:
        status = os.lstat(path)
    except OSError:
        return {}
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_ANSWER:
        return {}
    import json

    try:
        with open(path, encoding="utf-8") as file:
            answer = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def return_value(answer: dict[str, Any]) -> ReturnValue | None:
    """Return the value that an answer carries."""
    value = answer.get("value")
    if not isinstance(value, dict) or not isinstance(value.get("repr"), str):
        return None
    return ReturnValue(value["repr"], value.get("data"), "data" in value)
