"""A picture as the program's interpreter left it -> whether it is a PNG that can be sent."""

from __future__ import annotations

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def size_of(data: bytes) -> tuple[int, int]:
    """Return the width and height that a PNG's header names (PNG specification, section 11.2.1), or 0, 0."""
    if not data.startswith(SIGNATURE) or data[12:16] != b"IHDR" or len(data) < 33:
        return 0, 0
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def can_be_sent(data: bytes, limit: int) -> bool:
    """Whether this is a PNG of at most `limit` bytes; a program may have put anything in its place."""
    return len(data) <= limit and min(size_of(data)) > 0
