"""In a forked child: a job -> this process, confined as the job asks, each step with the name of its failure."""

from __future__ import annotations

from .bubblewrap import BubblewrapRefused, enter_bubblewrap
from .landlock import LandlockRefused, close_folder
from .mount_namespace import MountRefused, enter_mount
from .network import NetworkRefused, raise_loopback
from .pid_namespace import ProcessesRefused, enter_processes
from .sandbox import SandboxRefused, close_root, drop_power, enter_sandbox, forbid_namespaces, leave_behind
from .system_calls import CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, SystemCalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .control_group import ControlGroup
    from .supervisor import Job

    Step = tuple[str, Callable[[], None]]

FAILURES: dict[str, type[OSError]] = {
    "bubblewrap": BubblewrapRefused,
    "mount": MountRefused,
    "landlock": LandlockRefused,
    "network": NetworkRefused,
    "processes": ProcessesRefused,
    "sandbox": SandboxRefused,
    "start": OSError,
}
"""What a forked child reports that it failed at -> the exception for it."""


def steps(job: Job, parent: int, report: int, group: ControlGroup | None = None) -> Iterator[Step]:
    """Yield what is to be done before the script, in order.

    A step named "processes" returns in another process than it was called in (`enter_processes`), and one named
    "bubblewrap" does not return: what goes on is told what to `report`.
    """
    if job.limits:
        # Here, since a sandbox does not show where our modules are.
        from .limits import apply_limits
    held: set[str] = set()
    if group is not None:
        # First, since a namespace may hide the group, and whatever is started from here on is counted.
        yield "start", lambda: held.update(group.enter())
    if job.visible:
        yield from _sandboxed(job, parent)
    elif not job.bubblewrap:
        yield from _in_namespaces(job, parent)
    if job.closed and job.by_landlock:
        yield "landlock", lambda: close_folder(*job.closed)
    if job.bubblewrap:
        yield "bubblewrap", lambda: enter_bubblewrap(job, _left(job, held), parent, report)
    elif job.limits:
        yield "start", lambda: apply_limits(_left(job, held))


def _left(job: Job, held: set[str]) -> dict[str, int]:
    """Return the limits that a control group does not hold.

    Where one does, a limit of the address space would only end what reserves more than it uses, such as pyarrow.
    """
    return {name: value for name, value in job.limits.items() if name not in held}


def _sandboxed(job: Job, parent: int) -> Iterator[Step]:
    calls: list[SystemCalls] = []

    def begin() -> None:
        calls.append(SystemCalls())
        flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET
        calls[0].unshare(flags, own_user=True)
        raise_loopback(calls[0])
        enter_sandbox(calls[0], job.visible)

    def end() -> None:
        leave_behind(calls[0])
        forbid_namespaces()
        close_root(calls[0])
        drop_power(calls[0])

    yield "sandbox", begin
    yield "sandbox", lambda: enter_processes(calls[0], parent)
    yield "sandbox", end


def _in_namespaces(job: Job, parent: int) -> Iterator[Step]:
    """Yield the namespaces that were asked for, each only if it was.

    Root stays what it is, unless it has to be kept from the network.
    """
    calls: list[SystemCalls] = []
    closed = () if job.by_landlock else job.closed
    mounts = bool(job.mounts or closed)
    if not (mounts or job.no_network or job.own_processes):
        return

    def begin() -> None:
        calls.append(SystemCalls())
        network = CLONE_NEWNET if job.no_network else 0
        others = CLONE_NEWNS if mounts or job.own_processes else 0
        calls[0].unshare(network | others, own_user=job.no_network)

    def separate() -> None:
        calls[0]("unshare", CLONE_NEWPID)
        enter_processes(calls[0], parent)

    yield ("network" if job.no_network else "mount"), begin
    if job.no_network:
        yield "network", lambda: raise_loopback(calls[0])
    if mounts:
        yield "mount", lambda: enter_mount(calls[0], job.mounts, *closed)
    if job.own_processes:
        yield "processes", separate
