"""Environment + script -> `Execution`: one start of the script, with our own streams or captured."""

from __future__ import annotations

import os
import stat
import sys

from forerun.resolver.value import Value

from .environment import INSIDE
from .errors import RunnerError
from .result import Artefact, ReturnValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
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
    """How one start of a script ended; `missing` is the module that it lacked, `error` its traceback.

    `is_named` says that only a library's message names it, which may mean a distribution.
    """

    outcome: Literal["exited", "timeout", "cancelled"]
    code: int
    signal: int = 0
    missing: str = ""
    is_named: bool = False
    error: str = ""
    read_stdin: bool = False
    value: ReturnValue | None = None
    stdout: str = ""
    stderr: str = ""
    output: str = ""
    cut: int = 0
    images: tuple[bytes, ...] = ()
    previews: tuple[bytes, ...] = ()
    artefacts: tuple[Artefact, ...] = ()
    notes: tuple[str, ...] = ()


LARGEST_ANSWER = 100_000_000
"""Bytes; an interpreter of ours answers with less."""

DEEPEST_ANSWER = 100

LONGEST_VARIABLE = 100_000
"""Characters; Linux takes 128 kB (execve(2), "Limits on size of arguments and environment")."""


def is_native(source: Source, request: Request) -> bool:
    """Whether the interpreter itself runs the file or the module, without a starter of ours."""
    return source.kind == "script" or bool(request.module)


def command_line(source: Source, request: Request, environment: Environment) -> list[str]:
    """Return what to execute: the user's file itself, or our starter with the code as `main.py`.

    Raises:
        RunnerError: the code cannot be written down.
    """
    if request.module:
        return [environment.python, "-m", request.module, *request.arguments]
    if source.kind == "script":
        # Relative as it was given, so that `__file__` and `sys.argv` are what Python would make of it.
        named = request.program or source.path
        path = os.path.abspath(named) if request.folder or request.is_sandboxed else named
        return [environment.python, request.shown_path or path, *request.arguments]
    from .exchange import write_file

    main = os.path.join(environment.folder, "main.py")
    try:
        write_file(main, source.text.encode("utf-8", "surrogatepass"))
    except OSError as error:
        raise RunnerError(f"the code cannot be written to {main}: {error.strerror}") from error
    return [environment.python, os.path.join(INSIDE, "_forerun_code.py"), main, *request.arguments]


def variables_of(source: Source, folder: str) -> dict[str, str]:
    """Return what our starter is told by variables: the folder of the code, and where the cells of a notebook begin."""
    told = {"FORERUN_FOLDER": folder}
    cells = ",".join(map(str, source.cells))
    if 0 < len(cells) < LONGEST_VARIABLE:
        title = "".join(each if each.isprintable() else "?" for each in os.path.basename(source.path))
        told["FORERUN_CELLS"] = f"{title}\n{cells}"
    return told


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
        if sys.platform == "win32":
            from .windows_processes import run_attached
        else:
            from .supervisor import run_attached

        if cancellation is not None:
            cancellation.check()
        if sys.stdout is not None:
            sys.stdout.flush()
        if self._input_began is not None:
            # A rerun reads a redirected file from where the first start did.
            os.lseek(0, self._input_began, os.SEEK_SET)
        if request.mounts:
            from .mount import mountable

            request = mountable(request)
        try:
            job = self._job(source, request, environment, layer, may_retry)
            ending = run_attached(job, environment.begin)
        except OSError as error:
            if request.mounts and _is_mount_refused(error):
                from .mount import give_up_mounting

                give_up_mounting()
                return self.execute(source, request, environment, layer, may_retry, cancellation)
            _raise_refusal(error)
            raise RunnerError(f"the script cannot be started: {error.strerror or error}") from error
        return noted(_attached(ending, read_answer(environment.answer)), request, ending.reached)

    def _job(self, source: Source, request: Request, environment: Environment, layer: str, may_retry: bool) -> Job:
        from .supervisor import Job

        translated = request.translated
        variables = environment.variables(os.environ, layer, may_retry=may_retry, translated=translated)
        folder = request.folder or (os.getcwd() if request.mounts else "")
        if not is_native(source, request):
            variables.update(variables_of(source, folder or os.getcwd()))
            if request.program:
                variables["FORERUN_PROGRAM"] = request.program
        background = []
        if layer:
            from .bytecode import compile_command

            background = compile_command(layer, environment.interpreter)
        command = command_line(source, request, environment)
        confined: dict[str, Any] = {}
        if request.is_confined:
            from . import secluded

            confined = secluded.confined(request, source, environment, layer)
            if confined["limits"]:  # Whose traceback says which of them was reached.
                variables["FORERUN_TELLS"] = "1"
            if request.is_sandboxed:
                folder = secluded.working_folder(request, folder or os.getcwd())
                variables = secluded.variables_inside(variables, folder, request)
        if request.mounts:
            from .mount import bubblewrap_for

            confined["bubblewrap"] = bubblewrap_for(request)
        return Job(command, variables, folder, request.deadline, request.mounts, background, **confined)


def noted(execution: Execution, request: Request, counted: Sequence[str] = ()) -> Execution:
    """Return an execution that says which limit was reached, if one was; `counted` are those of its control group."""
    if not request.is_confined:
        return execution
    from .limits import reached

    if execution.code == 0:
        # With a fork that was refused it has coped; that a process was killed it may not even know.
        notes = reached(request.limits, "", 0, [each for each in counted if each == "memory"])
    else:
        notes = reached(request.limits, execution.error, execution.signal, counted)
    return execution.replace(notes=(*execution.notes, *notes))


def _is_mount_refused(error: OSError) -> bool:
    from .mount_namespace import MountRefused

    return isinstance(error, MountRefused)


def _raise_refusal(error: OSError) -> None:
    """Raise what is to be said where a forked child could not be confined as asked."""
    from . import secluded
    from .confinement import FAILURES

    for name in secluded.OPTIONS:
        if type(error) is FAILURES[name]:
            raise secluded.refusal(name, error.strerror or str(error)) from error


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
        answer.get("is_named", False),
        answer.get("traceback", ""),
        answer.get("read_stdin", False),
    )


ANSWERS: dict[str, type] = {
    "missing": str,
    "is_named": bool,
    "traceback": str,
    "read_stdin": bool,
    "figures": list,
    "value": dict,
}


def read_answer(path: str) -> dict[str, Any]:
    """Return what the script's interpreter left for us; a script may have written it, so only what fits is kept."""
    if not os.path.lexists(path):
        return {}
    from .exchange import read_file

    data = read_file(path, LARGEST_ANSWER)
    if not data:
        return {}
    import json

    try:
        answer = json.loads(data)
        if not isinstance(answer, dict) or _depth(answer) > DEEPEST_ANSWER:
            return {}
    except (ValueError, RecursionError):
        return {}
    fitting: dict[str, Any] = {
        name: value for name, value in answer.items() if isinstance(value, ANSWERS.get(name, ()))
    }
    fitting["figures"] = [name for name in fitting.get("figures", ()) if isinstance(name, str)]
    return fitting


def _depth(value: Any) -> int:
    """Return how deeply lists and objects are nested in a value."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [part for each in level for part in _parts(each)]
    return depth


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def return_value(answer: dict[str, Any]) -> ReturnValue | None:
    """Return the value that an answer carries."""
    value = answer.get("value")
    if not isinstance(value, dict) or not isinstance(value.get("repr"), str):
        return None
    return ReturnValue(value["repr"], value.get("data"), "data" in value)
