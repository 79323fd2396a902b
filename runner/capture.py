"""Chunks of output -> their head and tail within a limit, in order, each with the stream that it came from."""

from __future__ import annotations

from collections import deque

from .exchange import write_file

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
        self._cut = 0

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
            dropped = self._tail.popleft()[1]
            self._tail_held -= len(dropped)
            self._cut += len(dropped)

    def save(self, path: str) -> None:
        """Write everything kept to a file; stream 0 holds the number of bytes that were cut between head and tail."""
        chunks = [*self._head]
        if self._cut:
            chunks.append((0, str(self._cut).encode()))
        parts = (bytes([stream]) + len(data).to_bytes(4, "little") + data for stream, data in [*chunks, *self._tail])
        write_file(path, b"".join(parts))


def load(whole: bytes) -> list[tuple[int, bytes]]:
    """Return a saved capture as (stream, data) in order."""
    chunks = []
    position = 0
    while position + HEADER <= len(whole):
        size = int.from_bytes(whole[position + 1 : position + HEADER], "little")
        chunks.append((whole[position], whole[position + HEADER : position + HEADER + size]))
        position += HEADER + size
    return chunks
