"""A script and its arguments -> its environment, with its interpreter in it, which waits for what the script needs.

To start an interpreter takes as long as all the rest of a warm run. So that of a script starts at once, in an
environment without a layer, and waits, before it looks at the script, at a pipe through which it is told what it can
import. Where nobody tells it, it ends without a trace: the script is refused, it needs another Python, we are killed.

What keeps it from the script is the path file of its environment. So it holds that folder as we do: nobody takes it for
abandoned while the interpreter starts, even if we are killed.
"""

from __future__ import annotations

import os

from .environment import WAITS, Environment
from .interpreter import this_interpreter
from .signals import FORWARDED, IGNORED_BY_PYTHON
from .store import open_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .supervisor import Job

END = "end"
"""The last of the texts that an interpreter is told, by which it knows that it has them all."""

LAST_STREAM = 2
"""Descriptors up to this one are standard streams."""


def start_ahead(path: str, arguments: Sequence[str]) -> Environment | None:
    """Return an environment in which the interpreter of a script file waits; whoever gets it leaves it as a context.

    Returns None where that cannot be had: what stands in the way is told when the script is to be run.
    """
    environment = None
    try:
        environment = Environment(open_store(), this_interpreter()).__enter__()
        environment.prepare()
        variables = environment.variables(os.environ, "", may_retry=True)
        environment.waiting = Waiting([environment.python, path, *arguments], variables, environment.hold)
        return environment
    except BaseException as error:
        from .errors import RunnerError

        if environment is not None:
            environment.__exit__()
        # A ValueError is for a variable that cannot be passed on.
        if isinstance(error, OSError | ValueError | RunnerError):
            return None
        raise


class Waiting:
    """The process of an interpreter that has been started, and waits until it may begin with its script.

    Until then it leaves signals alone, which mean us: a Ctrl-C ends us, and then it. It inherits the descriptor `hold`.

    Raises:
        OSError: it cannot be started.
        ValueError: a variable has no name.
    """

    def __init__(self, arguments: Sequence[str], variables: dict[str, str], hold: int) -> None:
        self._arguments = list(arguments)
        self._variables = variables
        reader, writer = os.pipe()
        self._told = os.fdopen(writer, "wb")
        try:
            self._process = self._spawn(reader, hold)
        finally:
            os.close(reader)

    def _spawn(self, reader: int, hold: int) -> int:
        if min(reader, hold) <= LAST_STREAM:
            raise OSError("a standard stream is closed, and is to stay so")
        told = {**self._variables, WAITS: f"{reader} {hold} {os.getpid()}"}
        for each in (reader, hold):
            os.set_inheritable(each, True)
        try:
            # Unlike a fork, it copies nothing of us, which takes longer than to start the program.
            return os.posix_spawn(
                self._arguments[0], self._arguments, told, setsigmask=FORWARDED, setsigdef=IGNORED_BY_PYTHON
            )
        finally:
            os.set_inheritable(hold, False)

    def go_on(self, job: Job, folder: str) -> int:
        """Let it begin as a job, with the distributions in `folder`, and return its process number.

        Returns 0 where it no longer waits, or would not be what the job asks for, and ends it then.
        """
        if not self._process or not self._fits(job):
            self.end()
            return 0
        changes = job.environment.items() - self._variables.items()
        texts = [folder, *(f"{name}={value}" for name, value in changes), END]
        try:
            with self._told:
                self._told.write(b"\0".join(map(os.fsencode, texts)))
        except OSError:  # It has ended; perhaps another does not.
            self.end()
            return 0
        process, self._process = self._process, 0
        return process

    def _fits(self, job: Job) -> bool:
        is_same = job.arguments == self._arguments and not (job.is_confined or job.folder)
        return is_same and self._variables.keys() <= job.environment.keys()

    def end(self) -> None:
        """End it, if it still waits."""
        if not self._process:
            return
        from .descendants import kill

        process, self._process = self._process, 0
        kill(process)
        try:
            os.waitpid(process, 0)
        except ChildProcessError:  # Whoever started us has us ignore how children end.
            pass
        try:
            self._told.close()
        except OSError:  # What was written last could not be delivered.
            pass
