"""What a memory does, as events of LlamaIndex's instrumentation.

::

    get_dispatcher().add_event_handler(handler)  # llama_index.core.instrumentation
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.span import active_span_id
from llama_index_instrumentation import get_dispatcher

from jarvis_memory.chat import Reply
from jarvis_memory.watching import Deed, Loaded, Origin, Retrieved, watched

__all__ = [
    "ConceptRetrievalEvent",
    "SegmentLoadEvent",
    "SegmentReuseEvent",
    "current_span",
    "reported",
    "reusing",
]

_dispatcher = get_dispatcher(__name__)


class ConceptRetrievalEvent(BaseEvent):
    """Concepts were looked for.

    Attributes:
        query: what was asked. images: how many pictures there were.
        concepts: ``id``, ``name`` and fused ``score`` of each, most likely first.
        seconds: how long it took.
    """

    query: str
    images: int
    concepts: list[dict[str, Any]]
    seconds: float

    @classmethod
    def class_name(cls) -> str:
        """By which handlers know it."""
        return "ConceptRetrievalEvent"


class SegmentLoadEvent(BaseEvent):
    """The segment of a concept was made ready for an answer.

    Attributes:
        concept_id, concept: whose.
        origin: ``hand`` (kept in memory), ``store`` (read from the home) or ``encoded`` (computed).
        tokens: its rows. nbytes: its size.
        seconds: how long it took.
    """

    concept_id: str
    concept: str
    origin: Origin
    tokens: int
    nbytes: int
    seconds: float

    @classmethod
    def class_name(cls) -> str:
        """By which handlers know it."""
        return "SegmentLoadEvent"


class SegmentReuseEvent(BaseEvent):
    """An answer is complete; so much of it was not computed.

    Attributes:
        concepts: names of those it was answered from.
        reused_tokens: tokens before the answer that came from stored caches, of ``prompt_tokens``.
        generated_tokens: of the answer.
        ttft_seconds: until the first token.
    """

    concepts: list[str]
    reused_tokens: int
    prompt_tokens: int
    generated_tokens: int
    ttft_seconds: float

    @classmethod
    def class_name(cls) -> str:
        """By which handlers know it."""
        return "SegmentReuseEvent"


def current_span() -> str | None:
    """The span of here; a stream outlives it, and its events belong to it all the same."""
    span: str | None = active_span_id.get()
    return span


@contextmanager
def reported(span: str | None = None) -> Iterator[None]:
    """An event for each retrieval and load within, in this thread.

    Args:
        span: whose events they are; that of here if it is None.
    """
    with watched(partial(_report, span or current_span())):
        yield


def reusing(pieces: Iterator[str | Reply], span: str | None) -> Iterator[str | Reply]:
    """The same pieces, with an event of ``span`` when the reply is there; closing it closes them."""
    try:
        for piece in pieces:
            if isinstance(piece, Reply):
                _dispatcher.event(
                    SegmentReuseEvent(
                        span_id=span,
                        concepts=list(piece.concepts),
                        reused_tokens=piece.reused_tokens,
                        prompt_tokens=piece.prompt_tokens,
                        generated_tokens=piece.generated_tokens,
                        ttft_seconds=piece.ttft_seconds,
                    )
                )
            yield piece
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def _report(span: str | None, deed: Deed) -> None:
    if isinstance(deed, Retrieved):
        concepts = [{"id": key, "name": name, "score": score} for key, name, score in deed.found]
        event: BaseEvent = ConceptRetrievalEvent(
            span_id=span, query=deed.query, images=deed.images, concepts=concepts, seconds=deed.seconds
        )
    elif isinstance(deed, Loaded):
        event = SegmentLoadEvent(
            span_id=span,
            concept_id=deed.concept_id,
            concept=deed.name,
            origin=deed.origin,
            tokens=deed.tokens,
            nbytes=deed.nbytes,
            seconds=deed.seconds,
        )
    else:
        return
    _dispatcher.event(event)
