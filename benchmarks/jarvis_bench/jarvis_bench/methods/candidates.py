"""Whom each region of a picture may show, by images and texts together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from jarvis_memory.profile import with_article
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.crops import crop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from jarvis_retrievers.encoder import ImageTextEncoder
    from jarvis_retrievers.retrieval import Sighting

__all__ = ["Candidate", "candidates", "text_of"]

_MOST: Final = 16  # concepts that are looked at closer, the most alike first
_REGIONS: Final = 4  # regions that have candidates
_BELOW: Final = 0.2  # how much worse than the best region another one may be
_SAME: Final = 0.3  # regions that share so much show the same one


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whom a region may show.

    Attributes:
        name: of the concept.
        picture: which of the pictures, counted from 0.
        box: where it is nearest to being seen.
        score: ``0.5 (image-image + image-text)``.
    """

    name: str
    picture: int
    box: Box
    score: float


def candidates(
    encoder: ImageTextEncoder,
    images: Sequence[Image.Image],
    sightings: Sequence[tuple[str, Sighting]],
    texts: Mapping[str, NDArray[np.float32]],
    *,
    top: int,
    side: int,
) -> list[list[Candidate]]:
    """The ``top`` candidates of each region, the best first; the best region first.

    ``score = 0.5 (cos(region, reference) + cos(region, text))`` (R2P, arXiv 2503.18623); the reference is the
    nearest patch of the concept, as the sighting has it.

    Args:
        encoder: of the vectors.
        images: of the query.
        sightings: of each concept, by falling likeness.
        texts: (dim,) unit vector of each concept's attributes.
        top: K.
        side: of the squares that the encoder is given, in pixels.
    """
    near = list(sightings[:_MOST])
    if not near:
        return []
    crops = [crop(images[one.region[0]], one.region[1], side) for _, one in near]
    vectors = encoder.encode_images(crops)
    scored = [
        Candidate(name, *one.region, 0.5 * (one.score + float(vector @ texts[name])))
        for (name, one), vector in zip(near, vectors, strict=True)
    ]
    groups: list[list[Candidate]] = []
    for one in sorted(scored, key=lambda candidate: (-candidate.score, candidate.name)):
        group = next((g for g in groups if _same(g[0], one)), None)
        if group is None:
            groups.append([one])
        elif len(group) < top:
            group.append(one)
    # Far below the best there is nothing but a background that is a little like everybody.
    return [group for group in groups[:_REGIONS] if group[0].score >= groups[0][0].score - _BELOW]


def text_of(phrases: Sequence[str]) -> str:
    """What a picture of somebody with these looks shows, the first of them what it is."""
    told = [with_article(phrase) for phrase in phrases if phrase.strip()]
    if not told:
        return ""
    return " with ".join((f"a photo of {told[0]}", *([" and ".join(told[1:])] if told[1:] else ())))


def _same(one: Candidate, other: Candidate) -> bool:
    return one.picture == other.picture and one.box.iou(other.box) >= _SAME
