"""Names of spans, attributes and metrics that OpenTelemetry is told.

Those that begin with ``gen_ai.`` and ``error.`` are of its semantic conventions (those of GenAI are still in
development).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["ATTRIBUTES", "METRICS", "SPANS", "Metric"]

SPANS: Final[Mapping[str, str]] = {
    "jarvis.remember": "`remember`, from the call to its return",
    "jarvis.update": "`update`",
    "jarvis.edit": "`edit`",
    "jarvis.forget": "`forget`",
    "jarvis.recall": "`recall`",
    "jarvis.why": "`why`",
    "jarvis.ask": "`ask`, `stream`, `tell`: until the last piece was read, or the stream was closed",
    "jarvis.ask_many": "`ask_many`, `ask_together`",
    "jarvis.chat": "`chat`, `stream_chat`",
    "jarvis.gate": "`gate`",
    "jarvis.calibrate": "`calibrate`",
    "jarvis.migrate": "`migrate`",
    "jarvis.reindex": "`reindex`",
    "jarvis.mine": "photos were read and patches mined, for `remember` and `update`",
    "jarvis.encode": "their segment was encoded",
    "jarvis.store": "record and segment were stored",
    "jarvis.retrieve": "concepts were looked for",
    "jarvis.load": "the segment of one concept was made ready",
    "jarvis.compose": "a context was composed",
    "jarvis.prefill": "from the composed context to the first token",
    "jarvis.decode": "the other tokens",
}
"""Each span, and what it lasts for. The last eight are stages: children of a call."""

ATTRIBUTES: Final[Mapping[str, str]] = {
    "gen_ai.operation.name": "`chat` for questions, `retrieval` for `recall` and `why`",
    "gen_ai.provider.name": "`jarvis`",
    "gen_ai.request.model": "`pocket`, an id of the hub, or `local` for a folder",
    "gen_ai.request.stream": "the answer was read piece by piece",
    "gen_ai.usage.input_tokens": "tokens before the answer, stored ones too",
    "gen_ai.usage.output_tokens": "tokens of the answer",
    "gen_ai.usage.cache_read.input_tokens": "of the first: those that came from stored segments",
    "gen_ai.response.time_to_first_chunk": "seconds from the question to the first token",
    "gen_ai.token.type": "`input` or `output`",
    "error.type": "the class of the error",
    "jarvis.operation": "which call of a memory",
    "jarvis.stage": "`retrieve`, `load`, `compose`, `prefill`, `decode`; `mine`, `encode`, `store`",
    "jarvis.mode": "how the context was made",
    "jarvis.origin": "where a segment came from: `hand`, `store`, `encoded`",
    "jarvis.reason": "why a segment is not used as stored: `missing`, `damaged`, `foreign`",
    "jarvis.tier": "`ram`, `gpu`, `disk`, `sessions`",
    "jarvis.concepts": "concepts in a context, or found",
    "jarvis.images": "pictures of the question",
    "jarvis.segments": "segments of a context",
    "jarvis.tokens": "rows of a segment or a context",
    "jarvis.bytes": "bytes of a segment",
    "jarvis.reused_tokens": "rows of a context that were computed before",
    "jarvis.stopped": "the reader left before the end",
}
"""Every attribute. None holds a text that somebody has written."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One instrument."""

    kind: Literal["counter", "histogram", "gauge"]
    unit: str
    means: str
    attributes: tuple[str, ...] = ()


METRICS: Final[Mapping[str, Metric]] = {
    "jarvis.questions": Metric("counter", "{question}", "questions that were answered", ("jarvis.mode",)),
    "jarvis.segment.hits": Metric("counter", "{segment}", "segments used as stored", ("jarvis.tier",)),
    "jarvis.segment.misses": Metric("counter", "{segment}", "segments that were not", ("jarvis.reason",)),
    "jarvis.segment.encodes": Metric("counter", "{segment}", "segments encoded again for a question"),
    "jarvis.segment.evictions": Metric("counter", "{segment}", "kept at hand no more", ("jarvis.tier",)),
    "jarvis.stage.duration": Metric("histogram", "s", "time of each stage", ("jarvis.stage",)),
    "jarvis.operation.duration": Metric(
        "histogram", "s", "time of each call", ("jarvis.operation", "error.type")
    ),
    "gen_ai.client.operation.duration": Metric(
        "histogram",
        "s",
        "time of a question or a recall",
        ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "error.type"),
    ),
    "gen_ai.server.time_to_first_token": Metric(
        "histogram",
        "s",
        "from the question to the first token",
        ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"),
    ),
    "gen_ai.client.token.usage": Metric(
        "histogram",
        "{token}",
        "tokens of a question and its answer",
        ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.token.type"),
    ),
    "jarvis.cache.bytes": Metric("gauge", "By", "bytes at hand in this process", ("jarvis.tier",)),
}
"""Every instrument."""
