"""Text -> a short name for it that nobody can find a second text for."""

from __future__ import annotations

try:
    # hashlib itself loads OpenSSL, which costs a warm run four milliseconds.
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b


def digest(text: str) -> str:
    """Return 32 hexadecimal digits of BLAKE2b (RFC 7693) over a text."""
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
