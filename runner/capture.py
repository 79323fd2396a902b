"""Chunks of output -> their head and tail within a limit, in order, each with the stream that it came from."""

from __future__ import annotations

from collections import deque

from forerun.resolver.value import Value

from .exchange import write_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEADER = 5
"""Bytes before a chunk in a saved capture: the stream's number, and the chunk's length (little-endian)."""


class Capture:
    """Keeps the first `head` and the last `tail` bytes of two interleaved streams, and counts the rest."""

    def __init__(self, head: int, tail: int) -> None:
        self._head_left = head
        self._tail_size = tail
        self._head: list[tuple[int, bytes]] = []
        self._tail: deque[tuple[int, bytes]] = deque()
        self._tail_held = 0
        self._cut = [0, 0, 0]

    def add(self, stream: int, data: bytes) -> None:
        """Take in a chunk of stream 1 (stdout) or 2 (stderr)."""
        kept, rest = data[: self._head_left], data[self._head_left :]
        if kept:
            self._head.append((stream, kept))
            self._head_left -= len(kept)
        if rest:
            self._tail.append((stream, rest))
            self._tail_held += len(rest)
        while self._tail and self._tail_held - len(self._tail[0][1]) >= self._tail_size:
            of, dropped = self._tail.popleft()
            self._tail_held -= len(dropped)
            self._cut[of] += len(dropped)

    def save(self, path: str) -> None:
        """Write everything kept to a file; stream 0 holds how many bytes of each were cut between head and tail."""
        chunks = [*self._head]
        if any(self._cut):
            chunks.append((0, f"{self._cut[1]} {self._cut[2]}".encode()))
        parts = (bytes([stream]) + len(data).to_bytes(4, "little") + data for stream, data in [*chunks, *self._tail])
        write_file(path, b"".join(parts))


class Output(Value):
    """What was kept of two streams as text, with marks where something was cut: each alone, and both in their order."""

    stdout: str = ""
    stderr: str = ""
    both: str = ""
    cut: int = 0


def load(saved: bytes) -> Output:
    """Return a saved capture; where only one stream was written to, its text and that of both is one and the same."""
    chunks = list(_chunks(memoryview(saved)))
    cut = next((tuple(map(int, bytes(data).split())) for stream, data in chunks if stream == 0), (0, 0))
    used = {stream for stream, _ in chunks} | {number for number, lost in enumerate(cut, 1) if lost}
    stdout, stderr = (_text(chunks, {number}, cut[number - 1]) if number in used else "" for number in (1, 2))
    both = _text(chunks, {1, 2}, sum(cut)) if {1, 2} <= used else stdout or stderr
    return Output(stdout, stderr, both, sum(cut))


def _chunks(saved: memoryview) -> Iterator[tuple[int, memoryview]]:
    position = 0
    while position + HEADER <= len(saved):
        end = position + HEADER + int.from_bytes(saved[position + 1 : position + HEADER], "little")
        yield saved[position], saved[position + HEADER : end]
        position = end


def _text(chunks: Iterable[tuple[int, memoryview]], streams: set[int], cut: int) -> str:
    mark = f"\n[... {cut} bytes left out ...]\n".encode() if cut else b""
    return b"".join(data if stream else mark for stream, data in chunks if stream in streams | {0}).decode(
        "utf-8", "replace"
    )
