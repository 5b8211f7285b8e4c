"""Whom a question is about, and why."""

from __future__ import annotations

from dataclasses import dataclass

from jarvis_retrievers.names import NameMatch
from jarvis_retrievers.retrieval import Hit, Sighting

from .concept import Concept

__all__ = ["Explanation", "Find"]


@dataclass(frozen=True, slots=True)
class Find:
    """A concept that a question is about, and why.

    Attributes:
        hit: the scores of its name, of texts and of pictures.
        words: the score of its notes' words, where they decided.
        via: the name of the concept whose notes speak of it; "" if the turns before the question do.
    """

    concept: Concept
    hit: Hit
    words: float | None
    via: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why concepts were found or not.

    Attributes:
        found: the concepts, most likely first.
        mentions: names in the question, each with whose it is.
        sightings: by falling score, where in the pictures each concept was nearest to being seen.
        regions: how many regions of the pictures were compared.
        times: of each picture its time in seconds if it is a frame of a video, else None; empty without one.
    """

    found: list[Find]
    mentions: list[tuple[str, NameMatch]]
    sightings: list[tuple[str, Sighting]]
    regions: int
    times: tuple[float | None, ...] = ()
