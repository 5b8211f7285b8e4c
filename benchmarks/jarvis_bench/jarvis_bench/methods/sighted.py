"""Who is in the pictures of a query by vectors alone: regions, each given to one concept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import Image

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.crops import crop

if TYPE_CHECKING:
    from jarvis_retrievers.retrieval import Sighting

__all__ = ["Seen", "claimed", "region_pictures"]

# Of two regions that share so much, or of which one holds so much of the other, only the better counts.
_SAME: Final = 0.5
_INSIDE: Final = 0.8
_PARTS: Final = ((0.0, 0.0, 1.0), (0.25, 0.0, 0.5), (0.25, 0.25, 0.5), (0.25, 0.5, 0.5))


@dataclass(frozen=True, slots=True)
class Seen:
    """A concept in a picture.

    Attributes:
        name: whom it is taken for.
        picture: which of the pictures, counted from 0.
        box: where.
        score: how sure.
    """

    name: str
    picture: int
    box: Box
    score: float


def claimed(sightings: Iterable[tuple[str, Sighting]], least: float) -> tuple[Seen, ...]:
    """Regions of ``least`` cosine, the best first, each for the concept that it is most like.

    Args:
        sightings: of each concept where it is nearest to being seen.
        least: the threshold, the same for all.
    """
    near = [Seen(name, one.region[0], one.region[1], one.score) for name, one in sightings]
    kept: list[Seen] = []
    for one in sorted(near, key=lambda seen: (-seen.score, seen.name)):
        if one.score >= least and not any(_same(better, one) for better in kept):
            kept.append(one)
    return tuple(kept)


def region_pictures(image: Image.Image, box: Box, side: int) -> tuple[Image.Image, ...]:
    """A region and three parts of half its size down its middle, as squares of ``side`` pixels."""
    return tuple(crop(image, _part(box, *place), side) for place in _PARTS)


def _part(box: Box, left: float, top: float, share: float) -> Box:
    x, y = box.left + round(left * box.width), box.top + round(top * box.height)
    width, height = max(1, round(share * box.width)), max(1, round(share * box.height))
    return Box(x, y, min(box.right, x + width), min(box.bottom, y + height))


def _same(one: Seen, other: Seen) -> bool:
    if one.picture != other.picture:
        return False
    inside = max(one.box.contained_in(other.box), other.box.contained_in(one.box))
    return one.box.iou(other.box) >= _SAME or inside >= _INSIDE
