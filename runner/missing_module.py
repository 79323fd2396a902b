"""The module that a run lacked -> the requirement to add, or why there is none."""

from __future__ import annotations

import os

from forerun.resolver.findings import Evidence, Requirement, Unresolved
from forerun.resolver.import_map import look_up
from forerun.resolver.near_names import nearest_popular
from forerun.resolver.trust import judge
from forerun.resolver.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from forerun.resolver.findings import Resolution

    from .request import Request


SHOWN = "show the folder with --mount /working --path FOLDER, and run the script by its path there"
"""What a person can do about a module that a sandbox hides."""


class Addition(Value):
    """What a missing module leads to: a requirement to install, or a reason for having none.

    `advice` is what the operator can do, which is not for a tool's caller.
    """

    requirement: Requirement | None = None
    reason: str = ""
    advice: str = ""


def addition_for(
    module: str,
    resolution: Resolution,
    present: Sequence[Requirement],
    request: Request,
    *,
    folder: str = "",
    is_named: bool = False,
) -> Addition:
    """Return what to add for a module that the import system could not find; the same tables and rules decide.

    `folder` is the script's. With `is_named`, a library's message has named it, and may mean a distribution by it.

    A name that nobody vetted is refused here without a question: the script is running already.
    """
    if "\0" in module or len(module) > 200:
        return Addition(reason="the script lacks a module whose name is no module name")
    if request.is_sandboxed and folder and _is_in(folder, module.partition(".")[0]):
        return Addition(reason=f"{module} is beside the script, where the sandbox does not look", advice=SHOWN)
    explained = next((each for each in resolution.unresolved if each.module == module.partition(".")[0]), None)
    if explained is not None:
        near = nearest_popular(explained.guess) if explained.guess else ""
        return Addition(reason=explained.reason + (f" (did you mean {near}?)" if near else ""))
    candidate = look_up(module, lambda _: frozenset(), dict(request.import_map))
    if is_named and candidate.level not in ("declared", "curated"):
        return _named(module, present, request)
    if not candidate.distribution:
        return Addition(reason=candidate.reason)
    if any(each.name == candidate.distribution for each in present):
        return Addition(reason=f"{candidate.distribution} is installed, and has no module {module} in this version")
    evidence = Evidence(module, "", 0, f"missing at run time; {candidate.rule}")
    requirement = Requirement(
        candidate.distribution, candidate.level, candidate.specifier, candidate.extras, candidate.marker,
        evidence=(evidence,),
    )  # fmt: skip
    return _judged(requirement, request)


def _is_in(folder: str, module: str) -> bool:
    return any(os.path.exists(os.path.join(folder, name)) for name in (module, f"{module}.py"))


def _named(name: str, present: Sequence[Requirement], request: Request) -> Addition:
    """Return what to add for a distribution that a library's message names: it has the trust of its name alone."""
    from forerun.resolver.declared import declared_requirement

    made = declared_requirement(name, "caller", Evidence(name, "", 0, "named by a library at run time"))
    if isinstance(made, Unresolved):
        return Addition(reason=made.reason)
    if any(each.name == made.name for each in present):
        return Addition(reason=f"{made.name} is installed, and is not what is missing")
    return _judged(made, request)


def _judged(requirement: Requirement, request: Request) -> Addition:
    verdict = judge(requirement, request.policy)
    return Addition(requirement) if verdict.is_allowed else Addition(reason=verdict.reason, advice=verdict.next_step)
