"""A command line -> a running script, watched until it and everything it started are gone.

The command `forerun run` is its own supervisor and lends the script its terminal (`run_attached`). The library and
the server start one supervisor process a run (`supervised.py`), which captures the output.
"""

from __future__ import annotations

import os
import time

from . import descendants
from .signal_queue import signal_queue
from .signals import CHILDREN_IGNORED, FORWARDED, IGNORED_BY_PYTHON, signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .control_group import ControlGroup
    from .signal_queue import SignalQueue

GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL."""


class Job:
    """What to start: argument vector, environment, working folder, deadline in seconds, and the mounts to enter.

    `background` is the argument vector of a program that may run beside it and ends with it. `closed` names a folder
    that it cannot write to, and one in it where it can; `by_landlock` says how that is done. With `no_network` it has
    none, with `own_processes` it sees its own alone. `visible` is what a sandboxed one sees, each a source, the path
    where it is seen, and whether it may be written to; `limits` are those of `limits.as_mapping`, and `counted_for` is
    the folder of the run whose control group they are for, "" for none. `bubblewrap` is that program where it is to
    make the mounts and namespaces.
    """

    __slots__ = (
        "arguments",
        "background",
        "bubblewrap",
        "by_landlock",
        "closed",
        "counted_for",
        "deadline",
        "environment",
        "folder",
        "limits",
        "mounts",
        "no_network",
        "own_processes",
        "visible",
    )

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: str = "",
        deadline: float | None = None,
        mounts: Sequence[tuple[str, str]] = (),
        background: Sequence[str] = (),
        closed: Sequence[str] = (),
        *,
        by_landlock: bool = False,
        no_network: bool = False,
        own_processes: bool = False,
        visible: Sequence[tuple[str, str, bool]] = (),
        limits: Mapping[str, int] | None = None,
        counted_for: str = "",
        bubblewrap: str = "",
    ) -> None:
        self.arguments = list(arguments)
        self.environment = dict(environment)
        self.folder = folder
        self.deadline = deadline
        self.mounts = [(target, source) for target, source in mounts]
        self.background = list(background)
        self.closed = list(closed)
        self.by_landlock = by_landlock
        self.no_network = no_network
        self.own_processes = own_processes
        self.visible = list(visible)
        self.limits = dict(limits or {})
        self.counted_for = counted_for
        self.bubblewrap = bubblewrap

    @property
    def is_confined(self) -> bool:
        """Whether anything at all is to be done before the script starts."""
        return bool(self.mounts or self.closed or self.no_network or self.own_processes or self.visible or self.limits)

    @property
    def mark(self) -> str:
        """A text in the environment of the script and of all that it starts, and of nothing else."""
        return self.environment.get("VIRTUAL_ENV", "")


class Ending:
    """How a script ended: its exit code, or the signal that ended it, or that its time was over.

    `reached` names the limits that its control group saw reached.
    """

    __slots__ = ("code", "is_timeout", "reached", "signal")

    def __init__(self, code: int, signal: int = 0, *, is_timeout: bool = False, reached: Sequence[str] = ()) -> None:
        self.code = code
        self.signal = signal
        self.is_timeout = is_timeout
        self.reached = tuple(reached)


def group_for(job: Job) -> ControlGroup | None:
    """Make the control group that a job asks for, where that can be done; whoever starts the job removes it."""
    if not job.counted_for:
        return None
    from .control_group import control_group

    helpers = 3 if job.bubblewrap else 2 if job.own_processes or job.visible else 0
    return control_group(job.counted_for, job.limits, helpers)


def start(
    job: Job, streams: Sequence[int] = (), *, own_session: bool = False, group: ControlGroup | None = None
) -> int:
    """Fork and exec a job; `streams` become its descriptors 0, 1, 2. Returns the process number.

    Raises:
        OSError: the program cannot be started; one of `confinement.FAILURES` where that says why.
    """
    read_end, write_end = os.pipe()
    parent = os.getpid()
    process = os.fork()
    if process == 0:
        become(job, streams, own_session, write_end, parent, group)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as report:
        failure = report.read()
    if failure:
        os.waitpid(process, 0)
        from .confinement import FAILURES

        failed, number, text = failure.decode("utf-8", "replace").split(" ", 2)
        raise FAILURES[failed](int(number), text)
    return process


def become(
    job: Job,
    streams: Sequence[int],
    own_session: bool,
    report: int,
    parent: int,
    group: ControlGroup | None = None,
) -> None:
    """In the forked child: turn into the job, or report why not and exit."""
    failing = "start"
    try:
        if own_session:
            os.setsid()
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
        if job.is_confined:
            from .confinement import steps

            for name, step in steps(job, parent, report, group):
                failing = name
                step()
            failing = "start"
            parent = 1 if job.own_processes or job.visible else parent
        if job.folder:
            os.chdir(job.folder)
        _reset_signals()
        descendants.die_with_parent(parent)
        os.execve(job.arguments[0], job.arguments, job.environment)
    except OSError as error:
        os.write(report, f"{failing} {error.errno or 0} {error.strerror or error}".encode())
    except BaseException as error:
        os.write(report, f"{failing} 0 {error!r}".encode())
    finally:
        os._exit(127)


def _reset_signals() -> None:
    """Leave signals to the script as they were when we were started."""
    for each in IGNORED_BY_PYTHON:
        signal.signal(each, signal.SIG_DFL)
    if CHILDREN_IGNORED:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for each in FORWARDED:
        # One that waits until we unblock it must not run our handler here.
        if callable(signal.getsignal(each)):
            signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def start_background(job: Job) -> None:
    """Start a job's background program without streams; whether it can be started does not matter to the job."""
    if not job.background:
        return
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        start(Job(job.background, {}), (nothing, nothing, nothing), own_session=True)
    except OSError:
        pass
    finally:
        os.close(nothing)


def run_attached(job: Job, begin: Callable[[Job], int] = lambda _job: 0) -> Ending:
    """Run a job in our own session, with our own streams, and pass signals on to it.

    `begin` is asked first for a process that becomes the job; 0 stands for none.

    Signals that the terminal sends reach the whole foreground group, so they are not sent twice. Stopping and
    continuing (Ctrl-Z, fg) work because we leave them to the kernel, for us as for the script.

    Raises:
        OSError: the job cannot be started.
    """
    descendants.adopt_orphans()
    signals = signal_queue(FORWARDED | {signal.SIGCHLD})
    try:
        return _run_in(group_for(job), job, signals, begin)
    finally:
        signals.close()


def _run_in(group: ControlGroup | None, job: Job, signals: SignalQueue, begin: Callable[[Job], int]) -> Ending:
    """Run a job, and leave neither its processes nor its group, whatever fails."""
    try:
        process = begin(job) or start(job, group=group)
        start_background(job)
        return _watch(process, job.deadline, signals, group)
    finally:
        try:
            descendants.end_all(job.mark)
        finally:
            if group is not None:
                group.remove()


def _watch(process: int, seconds: float | None, signals: SignalQueue, group: ControlGroup | None) -> Ending:
    deadline = time.monotonic() + seconds if seconds else None
    is_timeout = False
    while True:
        status = _reap(process)
        if status is not None:
            return _ending(status, is_timeout=is_timeout, reached=group.reached() if group else ())
        left = 3600.0 if deadline is None else max(0.0, deadline - time.monotonic())
        if group is not None:
            left = min(left, group.end_if_over())
        received = signals.next(left)
        if received is not None and received[0] != signal.SIGCHLD:
            number, is_known = received
            if not is_known:
                _send(process, number)
        elif received is None and deadline is not None and time.monotonic() >= deadline:
            _send(process, signal.SIGKILL if is_timeout else signal.SIGTERM)
            is_timeout, deadline = True, time.monotonic() + GRACE


def _ending(status: int, *, is_timeout: bool, reached: Sequence[str]) -> Ending:
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    code = 128 + number if number else os.waitstatus_to_exitcode(status)
    return Ending(code, number, is_timeout=is_timeout, reached=reached)


def _reap(process: int) -> int | None:
    """Collect every child that has ended, adopted ones too, and return the script's status if it is among them."""
    found = None
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if ended == 0:
            return found
        if ended == process:
            found = status


def _send(process: int, number: int) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        pass
