"""Output as it comes -> its last line, told to whoever waits for the supervisor, a few times a second at most."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL = 0.25
"""Seconds between two lines that are told."""
LONGEST = 200
"""Bytes of a line; progress is shown in one line on a screen."""

MARK, TAKEN, ENDED = b"\x01", b"\x02\n", b"\x03"
"""What begins a line that is told, the line that says that the job was taken, and what begins the one with its ending.

Any other line on the supervisor's stdout is a complaint of its interpreter.
"""


class LastLine:
    """Remembers the end of the output, and hands on its last line that is not blank, behind `MARK`."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._end = b""
        self._told_at = 0.0
        self._is_new = False

    def add(self, data: bytes) -> None:
        """Take in a chunk of output, and tell its last line unless one was told just now."""
        self._end = (self._end + data)[-4 * LONGEST :]
        self._is_new = True
        if time.monotonic() >= self._told_at + INTERVAL:
            self.tell()

    def milliseconds(self) -> float | None:
        """Return how long to wait until there is something to tell, or None."""
        return max(1.0, (self._told_at + INTERVAL - time.monotonic()) * 1000) if self._is_new else None

    def tell(self) -> None:
        """Hand the last line on, if it is new."""
        lines = [line for line in self._end.replace(b"\r", b"\n").split(b"\n") if line.strip()]
        self._is_new, self._told_at = False, time.monotonic()
        if not lines:
            return
        try:
            self._write(MARK + lines[-1].strip()[:LONGEST].replace(MARK, b"") + b"\n")
        except OSError:  # Whoever waited is gone; the lifeline says so, too.
            pass
