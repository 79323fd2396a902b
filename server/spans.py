"""Stages of a run -> OpenTelemetry spans below that of the call, where the operator has configured a provider."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from opentelemetry import context, trace

if TYPE_CHECKING:
    from opentelemetry.trace import Span

TRACER = trace.get_tracer("forerun")


class Stages:
    """One span after the other: `forerun.resolve`, `forerun.install`, `forerun.run`; those of a rerun come again.

    Without a provider all of this does nothing (see "no-op" in the OpenTelemetry API).
    """

    def __init__(self) -> None:
        self._outer = context.get_current()
        self._lock = threading.Lock()
        self._stage = ""
        self._span: Span | None = None

    def enter(self, stage: str) -> None:
        """End the stage before, unless it is this one."""
        with self._lock:
            if stage != self._stage:
                self._end()
                self._stage = stage
                self._span = TRACER.start_span(f"forerun.{stage}", self._outer)

    def end(self) -> None:
        """End the last stage."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._span is not None:
            self._span.end()
        self._stage, self._span = "", None
