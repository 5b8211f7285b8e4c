"""A household, and what OpenTelemetry's own test tools hear of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jarvis_memory.telemetry import use_providers
from tests.household import encoder as encoder
from tests.household import exam as exam
from tests.household import household as household
from tests.household import shared as shared
from tests.household import vlm as vlm


@dataclass
class Heard:
    """What was told."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)

    def spans(self, name: str = "") -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if not name or span.name == name]

    def children(self, of: ReadableSpan) -> list[ReadableSpan]:
        parent = of.get_span_context()
        assert parent is not None
        return [span for span in self.spans() if span.parent and span.parent.span_id == parent.span_id]

    def points(self) -> Iterator[tuple[str, dict[str, object], NumberDataPoint | HistogramDataPoint]]:
        data = self.reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        if isinstance(point, (NumberDataPoint, HistogramDataPoint)):
                            yield metric.name, dict(point.attributes or {}), point

    def counts(self, name: str) -> dict[tuple[object, ...], float]:
        """Values of a counter or a gauge, numbers of values of a histogram, by the attributes' values."""
        return {
            tuple(attributes.values()): point.count if isinstance(point, HistogramDataPoint) else point.value
            for one, attributes, point in self.points()
            if one == name
        }

    def sums(self, name: str) -> dict[tuple[object, ...], float]:
        """The same for the sums of a histogram."""
        return {
            tuple(attributes.values()): point.sum
            for one, attributes, point in self.points()
            if one == name and isinstance(point, HistogramDataPoint)
        }


@pytest.fixture
def heard() -> Iterator[Heard]:
    """What is told from now on."""
    made = Heard()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(made.exporter))
    meters = MeterProvider([made.reader], shutdown_on_exit=False)
    use_providers(tracers, meters)
    yield made
    use_providers()
    tracers.shutdown()
    meters.shutdown()
