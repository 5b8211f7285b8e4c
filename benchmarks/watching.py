"""What it costs to be watched: a question without anybody listening, with a log, and with OpenTelemetry.

    python -m benchmarks.watching --rounds 200 --json

One question is asked again and again of one process, the ways in turn, so that all have the same noise; and a
call that does nothing shows what a call of a memory costs by itself. ``unwatched`` is the work inside
``ask`` without its being a call: neither span nor event can come of it.
"""

from __future__ import annotations

import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from jarvis_memory import PersonalMemory
from jarvis_memory.operation import Operation
from jarvis_retrievers.log import ROOT
from tests.house.tree import ROOT as PROJECT

QUESTION = "What does Fabi like?"
CALLS = 2000


@contextmanager
def logged() -> Iterator[None]:
    """Events from info on are put together and thrown away."""
    logger, handler = logging.getLogger(ROOT), logging.Handler()
    handler.emit = lambda record: None  # type: ignore[method-assign]
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


@contextmanager
def traced() -> Iterator[None]:
    """OpenTelemetry's SDK keeps spans in memory and adds up metrics."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from jarvis_memory.telemetry import use_providers

    exporter, tracers = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    use_providers(tracers, MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False))
    yield
    use_providers()
    exporter.clear()


@contextmanager
def nothing() -> Iterator[None]:
    """Nobody listens."""
    yield


def run(rounds: int) -> dict[str, Any]:
    """Medians: microseconds of an empty call, milliseconds of a question and its ratio to the unwatched."""
    calls = {"nobody listens": _empty(nothing)}
    with tempfile.TemporaryDirectory() as folder:
        photos = PROJECT / "examples" / "household" / "photos"
        with PersonalMemory.open(Path(folder) / "home") as memory:
            memory.remember("Fabi", [photos / "fabi-1.png"], "Fabi likes carrots.")
            unwatched = PersonalMemory.ask.__wrapped__  # type: ignore[attr-defined]
            ways: dict[str, tuple[Callable[[], Any], Callable[[], object]]] = {
                "unwatched": (nothing, lambda: unwatched(memory, QUESTION)),
                "nobody listens": (nothing, lambda: memory.ask(QUESTION)),
            }
            times = _asked(ways, rounds)
            calls["nobody listens, OpenTelemetry loaded"] = _loaded()
            calls["log"], calls["OpenTelemetry"] = _empty(logged), _empty(traced)
            ways |= {
                "log": (logged, lambda: memory.ask(QUESTION)),
                "OpenTelemetry": (traced, lambda: memory.ask(QUESTION)),
            }
            del ways["nobody listens"]
            more = _asked(ways, rounds)
    base, later = statistics.median(times["unwatched"]), statistics.median(more["unwatched"])
    ratios = {"nobody listens": statistics.median(times["nobody listens"]) / base}
    ratios |= {way: statistics.median(more[way]) / later for way in ("log", "OpenTelemetry")}
    return {"rounds": rounds, "question_ms": 1e3 * base, "call_us": calls, "ratio": ratios}


def _loaded() -> float:
    import opentelemetry.metrics
    import opentelemetry.trace  # noqa: F401

    return _empty(nothing)


def _empty(way: Callable[[], Any]) -> float:
    """Microseconds of a call of a memory in which nothing is done."""
    with way():
        took = []
        for _ in range(CALLS):
            began = time.perf_counter()
            with Operation("ask", "ana", "pocket") as work:
                pass
            work.end()
            took.append(time.perf_counter() - began)
    return 1e6 * statistics.median(took)


def _asked(ways: dict[str, tuple[Any, Callable[[], object]]], rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (way, ask) in ways.items():
            with way():
                began = time.perf_counter()
                ask()
                times[name].append(time.perf_counter() - began)
    return times


def main(
    rounds: Annotated[int, typer.Option(help="How often each way is asked.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """What it costs to be watched."""
    found = run(rounds)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    table = Table("way", "an empty call, µs", "a question, ratio to unwatched")
    for way, micros in found["call_us"].items():
        ratio = found["ratio"].get(way)
        table.add_row(way, f"{micros:.1f}", "" if ratio is None else f"{ratio:.3f}")
    Console(file=sys.stdout).print(table)


if __name__ == "__main__":
    typer.run(main)
