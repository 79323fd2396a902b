"""Run any Python script, dependencies first: `resolve` predicts, `precheck` judges, `run` installs and runs.

Importing this package is cheap; what a name needs is imported when the name is first used.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from forerun.resolver import Diagnostic, Requirement, Resolution, ResolverError, Source, Unresolved
    from forerun.resolver.library import precheck, resolve
    from forerun.resolver.precheck import Precheck
    from forerun.runner.errors import RunnerError
    from forerun.runner.library import run, run_async
    from forerun.runner.result import (
        Cancelled,
        InstallFailed,
        Refused,
        RunResult,
        ScriptFailed,
        Succeeded,
        TimedOut,
    )

__all__ = [
    "Cancelled", "Diagnostic", "InstallFailed", "Precheck", "Refused", "Requirement", "Resolution", "ResolverError",
    "RunResult", "RunnerError", "ScriptFailed", "Source", "Succeeded", "TimedOut", "Unresolved", "__version__",
    "precheck", "resolve", "run", "run_async",
]  # fmt: skip

_HOMES = {
    "forerun.resolver": ("Diagnostic", "Requirement", "Resolution", "ResolverError", "Source", "Unresolved"),
    "forerun.resolver.library": ("precheck", "resolve"),
    "forerun.resolver.precheck": ("Precheck",),
    "forerun.runner.errors": ("RunnerError",),
    "forerun.runner.library": ("run", "run_async"),
    "forerun.runner.result": (
        "Cancelled", "InstallFailed", "Refused", "RunResult", "ScriptFailed", "Succeeded", "TimedOut",
    ),
}  # fmt: skip


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            import importlib

            found = getattr(importlib.import_module(home), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
