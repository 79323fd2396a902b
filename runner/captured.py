"""Runs a script in a supervisor process of its own and captures what it writes: the library's and the server's way."""

from __future__ import annotations

import errno
import json
import os
import sys

from . import secluded
from .bytecode import compile_command
from .capture import load
from .ending import read_ending
from .errors import RunnerError
from .exchange import read_file, write_file
from .execution import Execution, command_line, is_native, noted, read_answer, return_value, variables_of
from .interpreter import this_interpreter
from .mount import (
    bubblewrap_for,
    can_separate,
    give_up_mounting,
    give_up_separating,
    mountable,
)
from .pictures import read_pictures
from .process import Cancellation
from .protection import Watch, give_up_landlock, way_for
from .supervision import Said, Supervisors, supervise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from forerun.resolver.source import Source

    from .capture import Output
    from .environment import Environment
    from .request import Request

GIVE_UP = {"mount": give_up_mounting, "processes": give_up_separating, "landlock": give_up_landlock}
"""What a supervisor was refused -> what keeps us from asking for it again."""

FOR_GOOD = (errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS)
"""Errors that say what a system is like. Others pass, as when a script uses up processes so that the next sees more."""


class Captured:
    """Runs a script without a terminal, contained by a supervisor, its output kept within limits.

    `on_line` is called from the run's thread with the last line of output, a few times a second at most.
    """

    def __init__(self, supervisors: Supervisors | None = None, on_line: Callable[[str], None] | None = None) -> None:
        self._supervisors = supervisors or Supervisors()
        self._on_line = on_line

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
        told["confined"] = {
            **secluded.confined(request, source, environment, layer),
            "by_landlock": way == "landlock",
            "own_processes": way == "namespace" and can_separate(),
            "bubblewrap": bubblewrap_for(request, is_closed=way == "namespace"),
        }
        ending, complaint = self._ended(told, environment.folder, cancellation or Cancellation())
        refused = ending.get("refused")
        if refused in secluded.OPTIONS:
            raise secluded.refusal(refused, ending["failure"])
        if refused in GIVE_UP and not (refused == "processes" and ending.get("errno") not in FOR_GOOD):
            GIVE_UP[refused]()
            return self.execute(source, request, environment, layer, may_retry, cancellation)
        if "outcome" not in ending:
            raise RunnerError(f"the script cannot be run: {_failure(ending, complaint)}")
        output = load(read_file(os.path.join(environment.folder, "output")) or b"")
        execution = _execution(ending, environment, output)
        execution = execution.replace(notes=(*watch.notes(), *execution.notes))
        return noted(execution, request, ending.get("reached", ()))

    def _ended(self, told: dict[str, Any], folder: str, cancellation: Cancellation) -> tuple[dict[str, Any], str]:
        """Do a job, and return its ending, and what its supervisor complained of."""
        if sys.platform == "win32":
            from .windows_processes import run_captured

            return run_captured(told, folder, cancellation, self._on_line), ""
        job = write_file(os.path.join(folder, "job.json"), json.dumps(told).encode())
        said = self._supervised(job, this_interpreter().path, cancellation)
        return read_ending(said.ending), said.complaint

    def _supervised(self, job: str, python: str, cancellation: Cancellation) -> Said:
        """Have a job done, by another supervisor where the one that waited was killed before it took the job."""
        for _ in range(2):
            cancellation.check()
            try:
                supervisor = self._supervisors.take(python)
            except OSError as error:
                raise RunnerError(f"cannot start {python}: {error.strerror}") from error
            said = supervise(supervisor, job, cancellation, self._on_line)
            if said is not None:
                return said
        return Said()

    def _job(
        self, source: Source, request: Request, environment: Environment, layer: str, may_retry: bool
    ) -> dict[str, Any]:
        variables = environment.variables(
            request.outer_environment, layer, may_retry=may_retry, translated=request.translated
        )
        variables.update(FORERUN_TELLS="1")
        variables.setdefault("MPLBACKEND", "Agg")
        variables.setdefault("PYTHONIOENCODING", "utf-8:backslashreplace")
        folder = request.folder or os.getcwd()
        if not is_native(source, request):
            variables.update(variables_of(source, folder))
            if request.variables:
                variables["FORERUN_VARIABLES"] = _written(
                    environment, "variables.json", json.dumps(request.variables).encode()
                )
        if request.is_sandboxed:
            folder = secluded.working_folder(request, folder)
            variables = secluded.variables_inside(variables, folder, request)
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
            "tells_lines": self._on_line is not None,
        }


def _written(environment: Environment, name: str, data: bytes) -> str:
    return write_file(os.path.join(environment.folder, name), data)


def _failure(ending: dict[str, Any], complaint: str) -> str:
    last_line = complaint.strip().rpartition("\n")[2]
    return str(ending.get("failure") or last_line or "its supervisor was killed")


def _execution(ending: dict[str, Any], environment: Environment, output: Output) -> Execution:
    answer = read_answer(environment.answer)
    pictures = read_pictures(answer.get("figures", ()), environment.folder)
    return Execution(
        ending["outcome"],
        ending["code"],
        ending["signal"],
        answer.get("missing", ""),
        answer.get("is_named", False),
        answer.get("traceback", ""),
        bool(answer.get("read_stdin")),
        return_value(answer),
        output.stdout,
        output.stderr,
        output.both,
        output.cut,
        pictures.images,
        pictures.previews,
        pictures.artefacts,
        pictures.notes,
    )
