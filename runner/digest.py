"""Text or bytes -> a short name for it that nobody can find a second one for."""

from __future__ import annotations

try:
    # hashlib itself loads OpenSSL, which costs a warm run four milliseconds.
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b


def digest(content: str | bytes) -> str:
    """Return 32 hexadecimal digits of BLAKE2b (RFC 7693) over a text or bytes."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return blake2b(data, digest_size=16).hexdigest()
