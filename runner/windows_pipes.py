"""Pipes that a script writes to -> its bytes, taken in as they come, by a thread of our own (Windows).

Nobody can wait for several pipes at once there, nor take back a read that has begun, so that a read only begins where
there is something to be read.
"""

from __future__ import annotations

import os
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

SHORTEST_PAUSE, LONGEST_PAUSE = 0.0005, 0.02
"""Seconds between two looks at the output: just now there was some, or not for a while."""


def waiting_in(descriptor: int) -> int:
    """Return how many bytes can be read from a pipe at once, -1 where nobody writes to it any more."""
    import ctypes
    import msvcrt

    system: Any = ctypes
    files: Any = msvcrt
    waiting = system.c_uint32()
    handle = system.c_void_p(files.get_osfhandle(descriptor))
    told = system.WinDLL("kernel32").PeekNamedPipe(handle, None, 0, None, system.byref(waiting), None)
    return int(waiting.value) if told else -1


class PipeReader:
    """Takes in what comes through pipes, each with a number, in one thread, so that what came first stands first.

    `take` is given the number of a pipe and some of its bytes, in that thread. The pipes must stay open until `finish`
    has returned: a descriptor that was closed may be that of something else the next moment.
    """

    def __init__(
        self,
        pipes: Mapping[int, int],
        take: Callable[[int, bytes], None],
        waiting: Callable[[int], int] = waiting_in,
    ) -> None:
        self._pipes = dict(pipes)
        self._take = take
        self._waiting = waiting
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def finish(self, seconds: float) -> None:
        """Read on until all pipes are at their end, for some seconds at most; afterwards nothing is read any more."""
        self._thread.join(seconds)
        self._is_over.set()
        self._thread.join()

    def _read(self) -> None:
        pause = SHORTEST_PAUSE
        while self._pipes and not self._is_over.is_set():
            taken = {number: self._taken(number, each) for number, each in self._pipes.items()}
            self._pipes = {number: each for number, each in self._pipes.items() if taken[number] >= 0}
            pause = SHORTEST_PAUSE if any(each > 0 for each in taken.values()) else min(2 * pause, LONGEST_PAUSE)
            time.sleep(pause)

    def _taken(self, number: int, descriptor: int) -> int:
        """Take in what a pipe holds now, and return how many bytes that were, -1 at its end."""
        waiting = self._waiting(descriptor)
        if waiting > 0:
            self._take(number, os.read(descriptor, waiting))
        return waiting
