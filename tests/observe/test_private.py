"""Nothing that somebody has written is in a log, a span or a metric; and nothing is sent anywhere."""

from __future__ import annotations

import json
import logging
import socket
from dataclasses import dataclass

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from jarvis_memory import VLM
from jarvis_memory.telemetry import use_providers
from jarvis_pocket.exam import Exam
from jarvis_retrievers.log import configure_logging, log
from jarvis_retrievers.log_events import EVENTS
from jarvis_retrievers.log_output import handler
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.observe.life import Life, Markers, calm

CLIENTS = ("httpx", "httpcore", "asyncio")


class Lines(logging.Handler):
    """Every record as any handler may write it, with its traceback, and as ours does."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[tuple[str, str]] = []
        self.json: list[dict[str, object]] = []
        self._ours = {form: handler(form) for form in (False, True)}

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in CLIENTS:  # what the test itself asks with
            return
        text = logging.Formatter().format(record)
        self.lines.append((record.name, f"{text}\n{record.__dict__!r}"))
        if record.name.partition(".")[0] == "jarvis":
            self.lines += [(record.name, ours.format(record)) for ours in self._ours.values()]
            self.json.append(json.loads(self._ours[True].format(record)))


@dataclass(frozen=True)
class Told:
    """What a life told."""

    marked: Markers
    logs: Lines
    spans: str
    metrics: str
    calls: list[str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, vlm: VLM, encoder: OpenCLIPEncoder, exam: Exam) -> Told:
    marked, logs, calls = Markers(), Lines(), list[str]()
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(shutdown_on_exit=False), MeterProvider([reader], shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    use_providers(tracers, meters)
    root = logging.getLogger()
    level = root.level
    root.addHandler(logs)
    root.setLevel(logging.DEBUG)

    def refused(*where: object, **_: object) -> None:
        calls.append(repr(where[1:]))
        raise OSError("nothing is sent here")

    with pytest.MonkeyPatch.context() as patch, calm():
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, refused)
        patch.setattr(socket, "getaddrinfo", refused)
        Life(tmp_path_factory.mktemp("life"), vlm, encoder, exam, marked).live()
    root.removeHandler(logs)
    root.setLevel(level)
    use_providers()
    data = reader.get_metrics_data()
    spans = "\n".join(str(span.to_json()) for span in exporter.get_finished_spans())
    return Told(marked, logs, spans, "" if data is None else data.to_json(), calls)


def test_no_line_of_a_log_holds_what_somebody_wrote(told: Told) -> None:
    found = [(name, marks, line) for name, line in told.logs.lines if (marks := told.marked.found(line))]
    assert found == []


def test_no_span_and_no_metric_does(told: Told) -> None:
    assert told.marked.found(told.spans) == []
    assert told.marked.found(told.metrics) == []
    assert "jarvis.ask" in told.spans
    assert "jarvis.segment.misses" in told.metrics


def test_nothing_is_sent(told: Told) -> None:
    assert told.calls == []


def test_a_life_tells_nearly_every_event(told: Told) -> None:
    never = {
        # Faults that this life does not have: a full disk, an old home, a GPU, a process that died.
        *("home.unfinished", "home.migrated", "home.recovered", "home.restored"),
        *("gpu.exhausted", "cache.unkept", "cache.exact", "question.retried", "question.cut"),
        *("cache.rebuilt", "gate.missing", "gate.uncalibrated", "segment.evicted"),
        *("server.started", "server.stopped", "server.failed", "quota.refused"),
        # It is lived in a folder.
        *(
            "cluster.lost",
            "cluster.unsafe",
            "objects.retried",
            "objects.renewed",
            "copies.unkept",
            "tier.lost",
        ),
    }
    events = {str(line["event"]) for line in told.logs.json}
    assert set(EVENTS) - never <= events
    assert not events - set(EVENTS)


def test_nothing_had_to_be_hidden(told: Told) -> None:
    assert [line for line in told.logs.json if "hidden" in line.values()] == []


def test_lines_of_one_call_belong_together(told: Told) -> None:
    owners = {line["owner"] for line in told.logs.json if "owner" in line}
    assert len(owners) == 1
    (answered, *_) = (line for line in told.logs.json if line["event"] == "question.answered")
    same = [line["event"] for line in told.logs.json if line.get("call") == answered["call"]]
    assert same == ["retrieval.done", "segment.loaded", "context.composed", "question.answered"]


def test_a_marker_in_a_log_is_noticed() -> None:
    marked, logs = Markers(), Lines()
    logger = logging.getLogger("jarvis.memory")
    logger.addHandler(logs)
    try:
        logger.warning("of %s", marked.owner)
        raise ValueError(marked.note)
    except ValueError:
        logger.exception("wrong")
    finally:
        logger.removeHandler(logs)
    assert {mark for _, line in logs.lines for mark in marked.found(line)} == {"owner", "note"}


def test_ours_writes_no_text_of_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    secret = Markers().note
    configure_logging("debug:json")
    try:
        try:
            raise FileNotFoundError(2, secret, secret)
        except FileNotFoundError as error:
            log("memory.failed", op="ask", error=error)
            logging.getLogger("jarvis.memory").exception(secret)
    finally:
        configure_logging("off")
    written = capsys.readouterr().err
    assert secret not in written
    first = json.loads(written.splitlines()[0])
    assert (first["error"], first["code"]) == ("FileNotFoundError", "ENOENT")
