"""What the server itself cannot do, in one sentence for the operator."""

from __future__ import annotations


class ServerError(Exception):
    """A server that cannot be started as asked; `str()` says why, and what to do next."""
