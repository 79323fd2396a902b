"""A script that lacked a module and was not run again -> sentences that say why, and what else it will lack."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from forerun.resolver.findings import Resolution

    from .execution import Execution

MOST_OTHERS = 10
"""Modules that one sentence names."""


def of_others(missing: str, resolution: Resolution) -> list[str]:
    """Return the sentence that names the other imports of which nothing is known, [] where there are none.

    Nobody is to find them out one at a time.
    """
    unknown = {each.module for each in resolution.unresolved if each.kind == "unknown"} - {missing.partition(".")[0]}
    if not unknown:
        return []
    more = f", and {len(unknown) - MOST_OTHERS} more" if len(unknown) > MOST_OTHERS else ""
    return [f"no distribution is known to provide {', '.join(sorted(unknown)[:MOST_OTHERS])}{more} either"]


def why_no_rerun(execution: Execution, reason: str, *, may_retry: bool) -> str:
    """Return the sentence; `reason` says why nothing can be installed, "" where something can."""
    if execution.read_stdin:
        return (
            f"{execution.missing} is missing; the script was not run again, since it had read its piped standard input"
        )
    if reason or may_retry:
        return reason or f"nothing more can be installed for {execution.missing}"
    return f"{execution.missing} is missing; no more reruns are allowed"
