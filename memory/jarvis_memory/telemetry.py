"""What a memory does, as spans and metrics of OpenTelemetry.

Only its interface is used: who wants to see anything sets up a provider and an exporter. Nothing is sent from
here.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable
from contextvars import Token
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from opentelemetry import context as contexts
from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.trace import Span, Status, StatusCode

from .telemetry_names import METRICS
from .watching import Answered, Composed, Deed, Evicted, Loaded, Retrieved, Worked

if TYPE_CHECKING:
    from .operation import Operation

__all__ = ["Telemetry", "Trace", "model_word", "telemetry", "use_providers"]

_ASKED = {"ask": "chat", "ask_many": "chat", "chat": "chat", "recall": "retrieval", "why": "retrieval"}
_PROVIDER = "jarvis"
_HUB = re.compile(r"[\w.-]+/[\w.-]+")
_given: list[Telemetry] = []


def model_word(name: str) -> str:
    """How a model may be named: a folder could be called after somebody."""
    known = name == "pocket" or (_HUB.fullmatch(name) and not os.path.isdir(os.path.expanduser(name)))
    return name if known else "local"


def telemetry() -> Telemetry:
    """What is told to the providers that were set."""
    return _given[-1] if _given else _of_the_process()


def use_providers(
    tracers: trace.TracerProvider | None = None, meters: metrics.MeterProvider | None = None
) -> None:
    """Tell these providers from now on; without any again those of the process."""
    _given.clear()
    if tracers is not None or meters is not None:
        _given.append(Telemetry(tracers, meters))


@cache
def _of_the_process() -> Telemetry:
    # What is got here before a provider is set turns into its own when it is.
    return Telemetry()


class Telemetry:
    """The tracer and the instruments.

    Args:
        tracers, meters: None for those of the process.
    """

    def __init__(
        self, tracers: trace.TracerProvider | None = None, meters: metrics.MeterProvider | None = None
    ) -> None:
        try:
            ours = version("jarvis-plugins")
        except PackageNotFoundError:
            ours = ""
        self.tracer = trace.get_tracer("jarvis", ours, tracers)
        meter = metrics.get_meter("jarvis", ours, meters)
        self._made: dict[str, Any] = {}
        for name, one in METRICS.items():
            if one.kind == "counter":
                self._made[name] = meter.create_counter(name, one.unit, one.means)
            elif one.kind == "histogram":
                self._made[name] = meter.create_histogram(name, one.unit, one.means)
            else:
                meter.create_observable_gauge(name, [_held], one.unit, one.means)

    def begin(self, work: Operation) -> Trace:
        """The span of an operation that begins now."""
        return Trace(self, work)

    def count(self, name: str, value: int = 1, **attributes: str) -> None:
        """Add to a counter; ``a__b`` is the attribute ``a.b``."""
        self._made[name].add(value, _dotted(attributes))

    def record(self, name: str, value: float, attributes: dict[str, str]) -> None:
        """Put a value into a histogram."""
        self._made[name].record(value, attributes)


class Trace:
    """The span of one operation, and its children."""

    def __init__(self, to: Telemetry, work: Operation) -> None:
        self._to, self._work = to, work
        about: dict[str, Any] = {"jarvis.operation": work.name}
        self._gen_ai: dict[str, str] = {}
        if work.name in _ASKED:
            self._gen_ai = {
                "gen_ai.operation.name": _ASKED[work.name],
                "gen_ai.provider.name": _PROVIDER,
                "gen_ai.request.model": model_word(work.model),
            }
            about |= self._gen_ai
        if work.stream:
            about["gen_ai.request.stream"] = True
        self._span: Span = to.tracer.start_span(f"jarvis.{work.name}", attributes=about)
        self._context = trace.set_span_in_context(self._span)

    def attach(self) -> Token[contexts.Context]:
        """Make it the current span."""
        return contexts.attach(self._context)

    def detach(self, token: Token[contexts.Context]) -> None:
        """Undo that."""
        contexts.detach(token)

    def end(self, error: BaseException | None, stopped: bool) -> None:
        """The operation has ended. Of an error only the class is told: what it says may name somebody."""
        about = {"jarvis.operation": self._work.name}
        if error is not None:
            kind = type(error).__name__
            self._span.set_attribute("error.type", kind)
            self._span.set_status(Status(StatusCode.ERROR))
            about["error.type"] = kind
        if stopped:
            self._span.set_attribute("jarvis.stopped", True)
        self._span.end()
        seconds = self._work.seconds
        self._to.record("jarvis.operation.duration", seconds, about)
        if self._gen_ai:
            of = {name: value for name, value in about.items() if name == "error.type"}
            self._to.record("gen_ai.client.operation.duration", seconds, self._gen_ai | of)

    def heard(self, deed: Deed) -> None:
        """Something was done just now."""
        to, now = self._to, time.time_ns()
        if isinstance(deed, Retrieved):
            found = {"jarvis.images": deed.images, "jarvis.concepts": len(deed.found)}
            self._stage("retrieve", now, deed.seconds, found)
        elif isinstance(deed, Loaded):
            if deed.miss:
                to.count("jarvis.segment.misses", jarvis__reason=deed.miss)
            if deed.origin == "encoded":
                to.count("jarvis.segment.encodes")
            else:
                tier = "ram" if deed.origin == "hand" else "disk"
                to.count("jarvis.segment.hits", jarvis__tier=tier)
            made: dict[str, Any] = {
                "jarvis.origin": deed.origin,
                "jarvis.tokens": deed.tokens,
                "jarvis.bytes": deed.nbytes,
            }
            self._stage("load", now, deed.seconds, made)
        elif isinstance(deed, Evicted):
            to.count("jarvis.segment.evictions", deed.segments, jarvis__tier=deed.tier)
        elif isinstance(deed, Composed):
            about = {
                "jarvis.mode": deed.mode,
                "jarvis.segments": deed.segments,
                "jarvis.tokens": deed.tokens,
                "jarvis.reused_tokens": deed.reused,
            }
            self._stage("compose", now, deed.seconds, about)
        elif isinstance(deed, Worked):
            self._stage(deed.stage, now, deed.seconds, {})
        else:
            self._answered(deed, now)

    def _answered(self, deed: Answered, now: int) -> None:
        used, took, span = deed.usage, deed.timings, self._span
        asked = used.reused + used.computed
        self._to.count("jarvis.questions", jarvis__mode=used.mode)
        span.set_attributes(
            {
                "jarvis.mode": used.mode,
                "jarvis.concepts": deed.concepts,
                "gen_ai.usage.input_tokens": asked,
                "gen_ai.usage.output_tokens": used.generated,
                "gen_ai.usage.cache_read.input_tokens": used.reused,
                "gen_ai.response.time_to_first_chunk": took.ttft,
            }
        )
        self._stage("prefill", now - _ns(took.generate), took.first_token, {})
        self._stage("decode", now, took.generate, {})
        self._to.record("gen_ai.server.time_to_first_token", took.ttft, self._gen_ai)
        for kind, tokens in (("input", asked), ("output", used.generated)):
            self._to.record("gen_ai.client.token.usage", tokens, {**self._gen_ai, "gen_ai.token.type": kind})

    def _stage(self, name: str, until: int, seconds: float, about: dict[str, Any]) -> None:
        """A child that ended at ``until`` (ns since 1970); its time was measured where it was done."""
        child = self._to.tracer.start_span(
            f"jarvis.{name}",
            self._context,
            attributes={"jarvis.stage": name, **about},
            start_time=until - _ns(seconds),
        )
        child.end(until)
        self._to.record("jarvis.stage.duration", seconds, {"jarvis.stage": name})


def _held(_: CallbackOptions) -> Iterable[Observation]:
    held = {"ram": 0, "gpu": 0, "sessions": 0}
    # Not loaded: nothing is held.
    tiers, sessions = sys.modules.get("jarvis_memory.tiers"), sys.modules.get("jarvis_memory.chat.sessions")
    if tiers is not None:
        held["ram"], held["gpu"] = tiers.held()
    if sessions is not None:
        held["sessions"] = sessions.held()
    return [Observation(value, {"jarvis.tier": tier}) for tier, value in held.items()]


def _ns(seconds: float) -> int:
    return int(1e9 * max(0.0, seconds))


def _dotted(attributes: dict[str, str]) -> dict[str, str]:
    return {name.replace("__", "."): value for name, value in attributes.items()}
