"""OpenTelemetry is not loaded by us, and the providers of a process are found whenever they are set."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WITHOUT = """
import sys
import jarvis_memory.memory
from jarvis_memory.operation import Operation
with Operation("ask", "ana", "pocket") as work:
    pass
work.end()
loaded = [name for name in sys.modules if name.startswith(("opentelemetry", "structlog"))]
print(work.trace is None, loaded)
"""
PROVIDED = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from jarvis_memory.operation import Operation
def work():
    with Operation("ask", "ana", "pocket") as one:
        pass
    one.end()
work()  # before a provider is there
exporter, tracers = InMemorySpanExporter(), TracerProvider()
tracers.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(tracers)
work()
print([span.name for span in exporter.get_finished_spans()])
"""


@pytest.mark.parametrize(
    ("code", "said"), [(WITHOUT, "True []"), (PROVIDED, "['jarvis.ask']")], ids=["without", "of the process"]
)
def test_a_process_of_its_own(code: str, said: str) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "JARVIS_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert (done.returncode, done.stdout.strip()) == (0, said), done.stderr
