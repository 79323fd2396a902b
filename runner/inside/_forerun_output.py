"""Inside the script's interpreter: stdout and stderr that arrive in the order in which they were written.

They are two pipes, and whoever reads both cannot tell what came first. So each line is written at once, and a write to
one waits until the reader has emptied the other. Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_WAIT = 0.1
"""Seconds; a reader that takes longer is busy or gone, and order is worth no more than that."""


def keep_order() -> None:
    """Make stdout and stderr wait for each other where both are pipes; hold them line by line in any case."""
    for name, other in (("stdout", 2), ("stderr", 1)):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            if _is_pipe(1) and _is_pipe(2):
                stream = _ordered(stream, 3 - other, other)
                setattr(sys, name, stream)
                setattr(sys, f"__{name}__", stream)
            stream.reconfigure(line_buffering=True)


def _is_pipe(descriptor: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:
        return False


def _ordered(stream: io.TextIOWrapper, descriptor: int, other: int) -> io.TextIOWrapper:
    raw = _Ordered(descriptor, "w", closefd=False)
    raw.name = stream.name
    raw.other = other
    made = io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, stream.errors, newline="\n")
    made.mode = "w"  # type: ignore[misc]  # As Python sets it on its own.
    return made


class _Ordered(io.FileIO):
    other = -1
    written_last = -1

    def write(self, data: Any) -> Any:
        """Write once the other stream's earlier output has been taken."""
        if _Ordered.written_last == self.other:
            _wait_until_empty(self.other)
        _Ordered.written_last = 3 - self.other
        return super().write(data)


def _wait_until_empty(descriptor: int) -> None:
    if sys.platform == "win32":
        # FlushFileBuffers: of a pipe, it waits for the reader.
        try:
            os.fsync(descriptor)
        except OSError:  # The script closed that stream.
            pass
        return
    import fcntl
    import termios

    until = time.monotonic() + LONGEST_WAIT
    try:
        while fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4) != b"\0" * 4 and time.monotonic() < until:
            time.sleep(0.00002)
    except OSError:  # The script closed that stream.
        pass
