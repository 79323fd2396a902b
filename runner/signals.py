"""The module `signal`, without the enums around its numbers: to make those takes seven milliseconds of every run."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    try:
        import _signal as signal
    except ImportError:
        import signal

FORWARDED = frozenset(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
"""What is passed on to a script."""

IGNORED_BY_PYTHON = tuple(getattr(signal, name) for name in ("SIGPIPE", "SIGXFSZ") if hasattr(signal, name))
"""What our interpreter ignores since it started, and what a program started by exec would go on ignoring."""

CHILDREN_IGNORED = hasattr(signal, "SIGCHLD") and signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN
"""Whether whoever started us does not want to know how children end, which a script is to find as it was."""


def heed_children() -> None:
    """Have the system tell us how our children end, whatever whoever started us wanted."""
    if CHILDREN_IGNORED:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


__all__ = ["CHILDREN_IGNORED", "FORWARDED", "IGNORED_BY_PYTHON", "heed_children", "signal"]
