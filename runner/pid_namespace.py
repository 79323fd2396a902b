"""In a forked child: a process namespace whose first process is ours -> the script, as one below that (Linux).

The script sees no process but its own, so that it can neither end nor look into any other. The first process of such a
namespace is not killed by signals that it does not wait for, so a script must not be the first. When the first ends,
the kernel ends all others. pid_namespaces(7) has the rules.
"""

from __future__ import annotations

import errno
import os
import select
from contextlib import suppress

from .descendants import PR_SET_PDEATHSIG, die_with_parent
from .signals import FORWARDED, signal
from .system_calls import MNT_DETACH, MS_NODEV, MS_NOEXEC, MS_NOSUID, SystemCalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PR_SET_DUMPABLE = 4
PROC = "/proc"
READY = b"!"
"""What a first process tells that bubblewrap started."""


class ProcessesRefused(OSError):
    """The system lets us make no process namespace, or show none in /proc."""


def enter_processes(calls: SystemCalls, parent: int) -> None:
    """Return in a new process, the second one of a namespace that was unshared already, with a /proc of its own.

    The calling process, a child of `parent`, stays to pass signals on, and ends as the new one did; it keeps
    no descriptor of what was open.

    Raises:
        OSError: the system does not allow it.
    """
    _begin(parent)
    reader, writer = os.pipe()
    first = os.fork()
    if first:
        _stand_for(first, reader)
    calls("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.close(reader)
    if _has_no_reader(writer):
        os._exit(127)
    _mount_proc(calls)
    _start_below(calls, writer)


def _begin(parent: int) -> None:
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    # Said again, since a user namespace makes the kernel forget it.
    die_with_parent(parent)


def _start_below(calls: SystemCalls, writer: int) -> None:
    """Return in a new process that is to be the script; the calling one stays the first of the namespace."""
    # What is sent to the group of whoever stands for us comes from there, and would come twice.
    os.setsid()
    script = os.fork()
    if script:
        _be_first(calls, script, writer)
    os.close(writer)
    os.setsid()


def stand_before(
    program: Sequence[str], started: Callable[[int], Sequence[str]], environment: Mapping[str, str], parent: int
) -> None:
    """Have bubblewrap start what becomes the first process (`begin_first`), and end as the script below that does.

    `started` returns its command for the descriptor through which it is to tell. Descriptors that may be inherited are.

    Raises:
        OSError: it was not started.
    """
    _begin(parent)
    reader, writer = os.pipe()
    told, telling = os.pipe()
    middle = os.fork()
    if middle == 0:
        for descriptor in (writer, telling):
            os.set_inheritable(descriptor, True)
        try:
            os.execve(program[0], [*program, "--info-fd", str(telling), *started(writer)], environment)
        finally:
            os._exit(127)
    os.close(writer)
    os.close(telling)
    if os.read(reader, len(READY)) != READY:
        os.waitpid(middle, 0)
        raise OSError(errno.EPERM, f"{program[0]} could not make its mounts and namespaces")
    import json

    with open(told, encoding="utf-8") as file:
        first = json.load(file)["child-pid"]
    _stand_for(middle, reader, first)


def begin_first(writer: int) -> None:
    """As the first process of a namespace: tell that it is there, and return in a second process."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    os.write(writer, READY)
    _start_below(SystemCalls(), writer)


def _has_no_reader(writer: int) -> bool:
    """Whether whoever started us has died before it could take us along."""
    poll = select.poll()
    poll.register(writer, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _mount_proc(calls: SystemCalls) -> None:
    if _is_of_host():
        # Else root could take ours away and see the host's below. In a user namespace the kernel lets nobody look into
        # the host's processes, and wants one whole /proc to be there for another to be mounted.
        with suppress(OSError):
            calls("umount2", PROC.encode(), MNT_DETACH)
    calls.mount("proc", PROC, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def _is_of_host() -> bool:
    """Whether we are root, and in no user namespace of our own."""
    with open("/proc/self/uid_map") as file:
        return os.geteuid() == 0 and file.read().split()[2:] != ["1"]


def _stand_for(process: int, told: int, target: int = 0) -> None:
    """Pass signals on to a process, or to another one below it, and end as the status that was told says."""
    _close_all_but(told)
    _wait(process, target or process)
    status = int.from_bytes(os.read(told, 4) or signal.SIGKILL.to_bytes(4, "little"), "little")
    if not os.WIFSIGNALED(status):
        os._exit(os.waitstatus_to_exitcode(status))
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    number = os.WTERMSIG(status)
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os._exit(128 + number)


def _be_first(calls: SystemCalls, script: int, writer: int) -> None:
    """Be the first process of the namespace: collect all that end, and end with the script."""
    _close_all_but(writer)
    # The script may be of the same user, and this memory is a copy of the supervisor's.
    calls("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)
    status = _wait(script, -script)
    os.write(writer, status.to_bytes(4, "little"))
    os._exit(0)


def _wait(process: int, target: int) -> int:
    """Collect children, passing signals on to `target`, until one of them ends; return its status."""
    while True:
        with suppress(ChildProcessError):
            while True:
                ended, status = os.waitpid(-1, os.WNOHANG)
                if ended == process:
                    return status
                if ended == 0:
                    break
        received = signal.sigwait({*FORWARDED, signal.SIGCHLD})
        if received != signal.SIGCHLD:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(target, received)


def _close_all_but(kept: int) -> None:
    os.closerange(0, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
