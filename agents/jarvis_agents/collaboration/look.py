"""One look at a picture for one concept, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from PIL import Image

from jarvis_retrievers.retrieval import Sighting

from .report import Place

__all__ = ["Kind", "Look", "Remembered", "Scene"]

Kind = Literal["asked", "mirrored", "cropped", "matched", "sighted", "large"]
"""``asked``: the first claim. Checks: ``mirrored``, the mirrored picture in another wording; ``cropped``, the
region where it was sighted; ``matched``, its attributes against what is described without knowing it;
``sighted``, retrieval's vectors; ``large``, a question of the large model."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A picture of the question.

    Attributes:
        number: counted from 1.
        image: RGB.
        sightings: by name, where each concept was nearest to being seen.
        told: by question, what was said of the picture without any concept; said once for all of them.
    """

    number: int
    image: Image.Image
    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found.

    Attributes:
        kind: how it was looked.
        present: whether the concept is there; None if that cannot be read.
        place: in the picture as it is, not mirrored; None if it was not told.
        text: what the model said.
        calls: how often the small model was asked.
        seconds: what it took.
    """

    kind: Kind
    present: bool | None
    place: Place | None = None
    text: str = ""
    calls: int = 1
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Remembered:
    """How a concept looks, by its profile or from its segment.

    Attributes:
        attributes: each ``"part: descriptor"``.
        phrases: the descriptors alone, such as ``"green hat"``.
        lines: the same in sentences that name the concept.
        calls, seconds: what it cost to recall.
    """

    attributes: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    calls: int = 0
    seconds: float = 0.0
