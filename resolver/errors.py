"""The exceptions of the resolver: only for input that cannot be had at all."""

from __future__ import annotations


class ResolverError(Exception):
    """Base of what the resolver raises; `str()` is one sentence that says what to do next."""


class FileError(ResolverError):
    """A file that cannot be used: `path`, and the `reason` as the end of a sentence about it."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class SourceError(FileError):
    """A source that cannot be read: missing, a folder where a file is needed, no permission, not a file."""
