"""Source text -> imports -> requirements: `resolve_sources` is the pipeline, `Resolution` its answer."""

from __future__ import annotations

from .errors import ResolverError, SourceError
from .findings import Diagnostic, Evidence, Requirement, Resolution, Unresolved
from .resolution import resolve_sources
from .source import Source
from .target import Target
from .trust import Policy, Verdict

__all__ = [
    "Diagnostic", "Evidence", "Policy", "Requirement", "Resolution", "ResolverError", "Source", "SourceError",
    "Target", "Unresolved", "Verdict", "resolve_sources",
]  # fmt: skip
