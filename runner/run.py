"""The pipeline: source -> resolution -> layer -> environment -> execution -> `RunResult`, with the retry loop."""

from __future__ import annotations

import time

from forerun.resolver.trust import refusals

from . import result as results
from .environment import Environment
from .errors import Cancelled, GuessRefuted, InstallError
from .found_layer import Layer
from .observer import Observer
from .prediction import predicted, resolution_for
from .recovery import recover
from .store import open_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from forerun.resolver.findings import Requirement, Resolution
    from forerun.resolver.source import Source
    from forerun.resolver.trust import Verdict

    from .execution import Execution, Executor
    from .layer import Installer, Layers
    from .process import Cancellation
    from .request import Request
    from .result import Attempt, RunResult
    from .store import Store


def run_source(
    source: Source,
    request: Request,
    executor: Executor,
    observer: Observer | None = None,
    cancellation: Cancellation | None = None,
    environment: Environment | None = None,
) -> RunResult:
    """Predict what a script needs, install that, and run it; what prediction missed, a rerun repairs.

    `executor` starts the script: attached to our own streams, or captured. `environment` is one that was made for it in
    advance; whoever made it leaves it.

    Raises:
        RunnerError: forerun itself cannot do its part (no store, no installer, no mount).
    """
    if request.is_confined:
        from .secluded import checked

        request = checked(request)
    return _Run(source, request, executor, observer or Observer(), cancellation, environment).result()


class _Run:
    """One call of `run_source`."""

    def __init__(
        self,
        source: Source,
        request: Request,
        executor: Executor,
        observer: Observer,
        cancellation: Cancellation | None,
        environment: Environment | None,
    ) -> None:
        self._source = source
        self._request = request
        self._executor = executor
        self._observer = observer
        self._cancellation = cancellation
        self._made = environment
        self._attempts: list[Attempt] = []
        self._notes: list[str] = [source.not_executed] if source.not_executed else []
        self._advice: list[str] = []
        self._refuted: set[str] = set()
        self._seconds = {"resolve": 0.0, "install": 0.0, "run": 0.0}
        self._requirements: tuple[Requirement, ...] = ()
        self._layer: Layer | None = None
        self._layers: Layers | None = None

    def result(self) -> RunResult:
        """Go through the stages."""
        began = time.monotonic()
        store = self._made.store if self._made is not None else open_store()
        self._resolution = self._resolve_with_consent(store)
        self._requirements = self._resolution.requirements
        self._seconds["resolve"] = time.monotonic() - began
        invalid = [each for each in self._resolution.diagnostics if each.kind == "declaration"]
        if invalid:
            return results.InstallFailed(**self._common(None), error=str(invalid[0]))
        refused = self._refused()
        if refused:
            return results.Refused(
                **self._common(None), verdicts=refused, error="; ".join(each.reason for each in refused)
            )
        with self._environment_in(store) as environment:
            try:
                outcome = self._attempt_all(store, environment)
            except Cancelled:
                outcome = results.Cancelled(**self._common(None))
        recover(store)
        return outcome

    def _environment_in(self, store: Store) -> Environment:
        if self._made is not None:
            if self._made.interpreter == self._interpreter:
                return self._made
            self._made.__exit__()
        return Environment(store, self._interpreter)

    def _resolve_with_consent(self, store: Store) -> Resolution:
        resolution, self._interpreter = predicted(self._source, self._request, store, self._cancellation)
        consent, rules = self._request.consent, self._request.policy
        if consent is None or not (resolution.unresolved or refusals(resolution, rules)):
            return resolution
        from .question import questions

        asked = questions(resolution, rules, self._source, self._request.outer_environment)
        if asked and self._made is not None:
            # What is pressed meanwhile, Ctrl-C too, is an answer and not for the script.
            self._made.end_waiting()
        allowed = frozenset(consent(asked)) & {each.name for each in asked} if asked else frozenset()
        if not allowed:
            return resolution
        self._request = self._request.replace(policy=rules.replace(allow=rules.allow | allowed))
        return resolution_for(self._source, self._request, self._interpreter)

    def _refused(self) -> tuple[Verdict, ...]:
        """Return the verdicts that stop the run before it starts.

        A name that is only imported inside a function, or by a script that extends its own module path, may never
        be needed or may be found there: it is not installed, and the script runs without it. A denied name stops it.
        """
        from forerun.resolver.trust import Verdict

        bad = [each for each in self._resolution.unresolved if each.kind == "refused"]
        verdicts = tuple(Verdict(each.module, False, each.reason) for each in bad)
        for verdict in refusals(self._resolution, self._request.policy):
            from .question import may_be_elsewhere

            requirement = next(each for each in self._requirements if each.name == verdict.name)
            is_doubtful = requirement.is_lazy or may_be_elsewhere(self._source, self._request.outer_environment)
            # A verdict without a next step is final: the name is on the deny list.
            if verdict.next_step and is_doubtful:
                self._notes.append(f"not installed: {verdict.reason}")
                self._advice.append(verdict.next_step)
                self._requirements = tuple(each for each in self._requirements if each.name != verdict.name)
            else:
                verdicts += (verdict,)
        return verdicts

    def _attempt_all(self, store: Store, environment: Environment) -> RunResult:
        try:
            return self._attempt_until_done(store, environment)
        finally:
            if self._layers is not None:
                self._layers.__exit__()

    def _attempt_until_done(self, store: Store, environment: Environment) -> RunResult:
        while True:
            try:
                self._layer = self._timed("install", lambda: self._layer_from(store))
            except GuessRefuted as error:
                self._notes.append(str(error))
                self._refuted.add(error.name)
                self._requirements = tuple(each for each in self._requirements if each.name != error.name)
                continue
            except InstallError as error:
                return results.InstallFailed(**self._common(None), error=str(error))
            self._note_rerun()
            environment.populate(self._layer.path, is_copied=self._request.isolation == "copy")
            self._observer.starting(len(self._attempts) + 1)
            execution = self._timed("run", lambda: self._execute(environment))
            self._notes.extend(execution.notes)
            if not self._may_go_on(execution):
                return self._ended(execution)

    def _layer_from(self, store: Store) -> Layer:
        if not self._requirements:
            return Layer()
        if self._layers is None:
            self._layers = self._layers_in(store)
        rules, settings = self._request.policy, self._resolution.uv_settings
        return self._layers.layer_for(self._requirements, self._observer, rules, settings)

    def _layers_in(self, store: Store) -> Layers:
        from .layer import Layers

        is_refreshed = self._request.is_refreshed
        return Layers(store, self._interpreter, self._installer, self._should_stop, is_refreshed=is_refreshed)

    @property
    def _may_retry(self) -> bool:
        return len(self._attempts) < self._request.max_retries

    def _note_rerun(self) -> None:
        if self._attempts:
            last = self._attempts[-1]
            self._notes.append(
                f"{last.missing} was missing at run time: {', '.join(last.added)} was installed and the script run "
                "again from the start, so what it did before has happened twice"
            )

    def _execute(self, environment: Environment) -> Execution:
        assert self._layer is not None
        return self._executor.execute(
            self._source, self._request, environment, self._layer.path, self._may_retry, self._cancellation
        )

    def _may_go_on(self, execution: Execution) -> bool:
        """Whether a module was missing that can be had; then it is added to the requirements."""
        # A script that ended well had dealt with what it lacked.
        if not execution.missing or execution.code == 0:
            self._attempts.append(results.Attempt())
            return False
        from .missing_module import addition_for

        addition = addition_for(
            execution.missing,
            self._resolution,
            self._requirements,
            self._request,
            folder=self._source.folder,
            is_named=execution.is_named,
        )
        is_refuted = addition.requirement is not None and addition.requirement.name in self._refuted
        if not self._may_retry or execution.read_stdin or addition.requirement is None or is_refuted:
            from .no_rerun import of_others, why_no_rerun

            self._notes.append(why_no_rerun(execution, addition.reason, may_retry=self._may_retry))
            self._notes.extend(of_others(execution.missing, self._resolution))
            self._advice.append(addition.advice)
            self._attempts.append(results.Attempt(execution.missing))
            return False
        self._attempts.append(results.Attempt(execution.missing, (addition.requirement.name,)))
        self._requirements = (*self._requirements, addition.requirement)
        self._observer.retrying(execution.missing, (addition.requirement.name,))
        return True

    def _ended(self, execution: Execution) -> RunResult:
        common = self._common(execution)
        if execution.outcome == "timeout":
            after = self._request.deadline
            return results.TimedOut(**common, error=f"the script was ended after {after:g} second{'s' * (after != 1)}")
        if execution.outcome == "cancelled":
            return results.Cancelled(**common)
        if execution.code == 0:
            return results.Succeeded(**common, value=execution.value)
        return results.ScriptFailed(**common, error=execution.error, exit_code=execution.code, signal=execution.signal)

    def _common(self, execution: Execution | None) -> dict[str, Any]:
        """Return the fields that every result has."""
        common: dict[str, Any] = {
            "resolution": self._resolution,
            "attempts": tuple(self._attempts),
            "notes": (*self._notes, *(self._layer.notes if self._layer else ())),
            "advice": tuple(dict.fromkeys(each for each in self._advice if each)),
            "timing": results.Timing(**self._seconds),
            "dependencies": self._layer.distributions if self._layer else (),
            "python": self._interpreter.release,
        }
        if execution is not None:
            for name in ("stdout", "stderr", "output", "cut", "images", "previews", "artefacts"):
                common[name] = getattr(execution, name)
        return common

    def _timed(self, stage: str, action: Any) -> Any:
        began = time.monotonic()
        try:
            return action()
        finally:
            self._seconds[stage] += time.monotonic() - began

    def _installer(self) -> Installer:
        from .find_installer import find_installer

        return find_installer(self._cancellation, is_refreshed=self._request.is_refreshed)

    def _should_stop(self) -> None:
        if self._cancellation is not None:
            self._cancellation.check()
