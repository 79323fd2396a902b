"""Source text -> imports -> requirements: `resolve_sources` is the pipeline, `Resolution` its answer.

Importing this package is cheap; what a name needs is imported when the name is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
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

_HOMES = {
    "errors": ("ResolverError", "SourceError"),
    "findings": ("Diagnostic", "Evidence", "Requirement", "Resolution", "Unresolved"),
    "resolution": ("resolve_sources",),
    "source": ("Source",),
    "target": ("Target",),
    "trust": ("Policy", "Verdict"),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            import importlib

            found: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
