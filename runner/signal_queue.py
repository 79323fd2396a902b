"""Signals that come while a script runs -> one at a time, each with whether the script has it already."""

from __future__ import annotations

import os

from .signals import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class SignalQueue(Protocol):
        """Takes signals out of their usual way, until it is closed."""

        def next(self, seconds: float) -> tuple[int, bool] | None:
            """Return a signal, and whether the terminal sent it to the script, too; None when the time is over."""
            ...

        def close(self) -> None:
            """Let signals take their usual way again, also those that nobody has taken out."""
            ...


FROM_KERNEL = 0x80
"""`si_code` of a signal that the terminal sent: the script, in the same foreground group, has it already."""


PIPE_SIZE = 1 << 16
"""Bytes, of which each is a signal; no pipe takes more (pipe(7), and less on macOS)."""


def signal_queue(watched: frozenset[int]) -> SignalQueue:
    """Return the queue that this system allows; macOS has no `sigtimedwait`."""
    return Blocked(watched) if hasattr(signal, "sigtimedwait") else Caught(watched)


class Blocked:
    """Signals that are blocked, and waited for by sigtimedwait(2)."""

    def __init__(self, watched: frozenset[int]) -> None:
        self._watched = watched
        self._previous = signal.pthread_sigmask(signal.SIG_BLOCK, watched)

    def next(self, seconds: float) -> tuple[int, bool] | None:
        """See `SignalQueue`."""
        received = signal.sigtimedwait(self._watched, seconds)
        return (received.si_signo, received.si_code == FROM_KERNEL) if received else None

    def close(self) -> None:
        """See `SignalQueue`."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self._previous)


class Caught:
    """Signals that Python's own handler notes in a pipe (`signal.set_wakeup_fd`).

    Such a note does not say who sent a signal. So one that a key of the terminal may have sent counts as known to the
    script while we are in the foreground, though kill(1) has sent it to us alone: twice would be worse than not at all,
    since a second Ctrl-C often means "at once".
    """

    def __init__(self, watched: frozenset[int]) -> None:
        self._reader, writer = os.pipe()
        for each in (self._reader, writer):
            os.set_blocking(each, False)
        self._outer = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self._writer = writer
        ours = [number for number in watched if signal.getsignal(number) != signal.SIG_IGN]
        self._previous = {number: signal.signal(number, _note) for number in ours}

    def next(self, seconds: float) -> tuple[int, bool] | None:
        """See `SignalQueue`."""
        import select

        select.select([self._reader], [], [], seconds)
        try:
            number = os.read(self._reader, 1)[0]
        except (BlockingIOError, IndexError):
            return None
        return number, number in (signal.SIGINT, signal.SIGQUIT) and _has_foreground()

    def close(self) -> None:
        """See `SignalQueue`."""
        # Whatever comes from here on waits, so that it is neither lost nor noted twice.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, self._previous)
        try:
            left = set(os.read(self._reader, PIPE_SIZE))
        except BlockingIOError:
            left = set()
        signal.set_wakeup_fd(self._outer)
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        for each in (self._reader, self._writer):
            os.close(each)
        for number in left & self._previous.keys():
            signal.raise_signal(number)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _note(_number: int, _frame: object) -> None:
    """Do nothing: the pipe has it."""


def _has_foreground() -> bool:
    """Whether our process group is that of the terminal: then what its keys send goes to the script, too."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
