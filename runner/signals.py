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

__all__ = ["FORWARDED", "IGNORED_BY_PYTHON", "signal"]
