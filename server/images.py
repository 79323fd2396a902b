"""A figure as the program's interpreter left it -> a PNG within the limit, scaled down where it must be, never cut."""

from __future__ import annotations

import io

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 40_000_000
"""Of a picture that is decoded here; a small file can hold an enormous one."""
SMALLEST_SIDE = 64


def fitting(data: bytes, limit: int) -> bytes | None:
    """Return a PNG of at most `limit` bytes, or None where it is none, or cannot be made small enough here."""
    width, height = size_of(data)
    if not width or not height:
        return None
    if len(data) <= limit:
        return data
    return _scaled(data, limit) if width * height <= MOST_PIXELS else None


def size_of(data: bytes) -> tuple[int, int]:
    """Return the width and height that a PNG's header names (PNG specification, section 11.2.1), or 0, 0."""
    if not data.startswith(SIGNATURE) or data[12:16] != b"IHDR" or len(data) < 33:
        return 0, 0
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _scaled(data: bytes, limit: int) -> bytes | None:
    """Halve the area until the picture fits; None without Pillow."""
    try:
        from PIL import Image
    except ImportError:
        return None
    try:
        picture: Any = Image.open(io.BytesIO(data), formats=["PNG"])
        picture.load()
        while min(picture.size) > SMALLEST_SIDE:
            picture = picture.resize(tuple(int(side * 0.7) for side in picture.size), Image.Resampling.LANCZOS)
            written = io.BytesIO()
            picture.save(written, "PNG", optimize=True)
            if written.tell() <= limit:
                return written.getvalue()
    except Exception:  # Whatever a hostile file makes a decoder raise.
        return None
    return None
