"""Source + request -> what is to be installed, and for which interpreter."""

from __future__ import annotations

from forerun.resolver.target import target_for, this_target

from .interpreter import this_interpreter
from .remembered import Memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from forerun.resolver.findings import Requirement, Resolution
    from forerun.resolver.source import Source

    from .interpreter import Interpreter
    from .process import Cancellation
    from .request import Request
    from .store import Store


def predicted(
    source: Source, request: Request, store: Store, cancellation: Cancellation | None
) -> tuple[Resolution, Interpreter]:
    """Return what a script needs, and the interpreter: the one asked for, else ours, else one that fits the script.

    What `store` remembers of the same script is not analysed again.

    Raises:
        RunnerError: no interpreter fits, or ours cannot be used.
    """
    if request.python:
        from .choice import named

        interpreter = named(request, cancellation)
    else:
        interpreter = this_interpreter()
    memory = Memory(store, source, request, interpreter)
    known = memory.recall()
    if known:
        return known, interpreter
    resolution = resolution_for(source, request, interpreter)
    memory.keep(resolution)
    if request.python or not any(each.is_fatal for each in resolution.diagnostics):
        return resolution, interpreter
    from .choice import fitting

    other = fitting(source, resolution, request, cancellation)
    return (resolution_for(source, request, other), other) if other else (resolution, interpreter)


def foreseen(source: Source, python: str, import_map: Mapping[str, str]) -> Resolution:
    """Return what a run would predict, as far as that can be known without looking for interpreters.

    `python` is the version that is asked for, or "". Where no interpreter is known that fits a script, that of ours
    which does not is what stands in the way of it.
    """

    from forerun.resolver.resolution import resolve_sources

    def of(version: str | None) -> Resolution:
        return resolve_sources((source,), target_for(version), import_map=import_map)

    resolution = of(python if "." in python else None)
    fatal = tuple(each for each in resolution.diagnostics if each.is_fatal)
    if python or not fatal:
        return resolution
    from .choice import foreseen as foreseen_python

    version, is_known = foreseen_python(source, resolution)
    if version is None:
        return resolution
    other = of(f"{version[0]}.{version[1]}")
    return other if is_known else other.replace(diagnostics=(*fatal, *other.diagnostics))


def resolution_for(source: Source, request: Request, interpreter: Interpreter) -> Resolution:
    """Return what a script needs under an interpreter, with what its caller adds and its operator vouches for."""
    from forerun.resolver.resolution import resolve_sources
    from forerun.resolver.trust import accepted_guesses

    target = this_target().replace(python=interpreter.version[:2])
    resolution = resolve_sources((source,), target, import_map=dict(request.import_map), with_hints=request.with_hints)
    if request.all_optional:
        resolution = resolution.with_optional()
    added, bad = _declared(source, request)
    guesses = accepted_guesses(resolution, request.policy)
    found = {each.name: each for each in resolution.requirements}
    # A block is the whole answer only for what the script itself imports; what the caller adds comes on top. It
    # keeps the evidence of a prediction, so that a guess has to prove itself all the same.
    named = [_with_evidence(each, found.pop(each.name, None)) for each in added]
    whole = (*named, *found.values(), *_as_requirements(guesses))
    return resolution.replace(requirements=whole, unresolved=(*resolution.unresolved, *bad))


def _declared(source: Source, request: Request) -> tuple[list[Requirement], list[Any]]:
    if not request.dependencies and not request.preinstalled:
        return [], []
    from forerun.resolver.declared import declared_requirements

    good, bad = declared_requirements(request.dependencies, source.author, "", 0, "named by the caller")
    sure, wrong = declared_requirements(request.preinstalled, "person", "", 0, "named by the operator")
    return [*sure, *good], [*bad, *wrong]


def _with_evidence(requirement: Requirement, predicted: Requirement | None) -> Requirement:
    if predicted is None:
        return requirement
    return requirement.replace(evidence=(*requirement.evidence, *predicted.evidence))


def _as_requirements(guesses: Sequence[Any]) -> list[Requirement]:
    from forerun.resolver.findings import Evidence, Requirement

    return [
        Requirement(
            each.guess, "unknown", evidence=(Evidence(each.module, each.path, each.line, "allowed by the operator"),)
        )
        for each in guesses
    ]
