"""What a question brings back: the text, who was found, what they were found by, and what it cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from jarvis_retrievers.boxes import Box

from .concept import Concept

__all__ = ["Answer", "Evidence", "Glimpse", "Recollection", "Timings", "Usage"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One patch that stands behind an answer.

    Attributes:
        concept: the concept's name.
        photo: id of the stored photo; `PersonalMemory.photo` reads it.
        box: the patch on that photo, in pixels.
        score: cosine to the question's picture if ``region`` is set, else the patch's own mining score.
        image: which picture of the question it was seen in, counted from 0; None without a picture.
        region: where in that picture, in pixels.
        seconds: when it was seen, if that picture is a frame of a video; frames are counted behind images.
    """

    concept: str
    photo: str
    box: Box
    score: float
    image: int | None = None
    region: Box | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer.

    Attributes:
        reused: rows of the context that came from stored KV caches.
        computed: tokens that went through the model before the first new one: the question, and what of the
            context was computed anew.
        generated: tokens of the answer.
        mode: how the context was really made (never ``auto``), or ``none`` without a concept.
        missed: segments that had to be encoded first: none was stored, or only such as this model, with this
            tokenizer, template, adapter and settings, cannot use.
    """

    reused: int
    computed: int
    generated: int
    mode: str
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds by stage: find concepts, load their segments, compose them, first token, the other tokens."""

    retrieve: float
    load: float
    compose: float
    first_token: float
    generate: float

    @property
    def ttft(self) -> float:
        """Seconds from the question to the first token."""
        return self.retrieve + self.load + self.compose + self.first_token

    @property
    def total(self) -> float:
        """Seconds from the question to the last token."""
        return self.ttft + self.generate


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What was said of frames of a video that the model saw together.

    Attributes:
        seconds: their times, in order.
        text: what was said.
        concepts: names of those in the context.
    """

    seconds: tuple[float, ...]
    text: str
    concepts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    Attributes:
        text: what the model said.
        concepts: names of the concepts in the context, most likely first; empty if none was found.
        evidence: the patches behind it, best first for each concept.
        usage: tokens reused, computed and generated.
        timings: seconds by stage.
        notices: what the user should know, one line each (a damaged segment that was made again, say).
        glimpses: of a question about a video what was said of which frames.
    """

    text: str
    concepts: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    usage: Usage
    timings: Timings
    notices: tuple[str, ...] = field(default=())
    glimpses: tuple[Glimpse, ...] = ()

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """The answer in plain types, as ``jarvis ask --json`` prints it."""
        timings = asdict(self.timings) | {"ttft": self.timings.ttft, "total": self.timings.total}
        return asdict(self) | {"timings": timings}


@dataclass(frozen=True, slots=True)
class Recollection:
    """One concept that `PersonalMemory.recall` found, and why; a path that did not find it has None.

    Attributes:
        concept: the concept as it is stored.
        score: the fused score; only its order has a meaning.
        by_name: likeness of the name, 1.0 for an exact match.
        by_words: BM25 score of its notes, where words decided.
        by_text, by_image: cosines.
        region: where in the pictures it was seen: position of the picture, box in its pixels.
        seconds: when, if that picture is a frame of a video.
        via: the name of the concept whose notes speak of it; "" if the turns before the question do.
    """

    concept: Concept
    score: float
    by_name: float | None = None
    by_words: float | None = None
    by_text: float | None = None
    by_image: float | None = None
    region: tuple[int, Box] | None = None
    via: str | None = None
    seconds: float | None = None

    @property
    def name(self) -> str:
        """How the concept is called."""
        return self.concept.name

    @property
    def likeness(self) -> float:
        """The best of name, text and image, in [0, 1]; 1.0 where only words or other notes led to it."""
        known = [s for s in (self.by_name, self.by_text, self.by_image) if s is not None]
        return min(1.0, max(0.0, *known)) if known else 1.0
