"""Boxes on a photo: candidate windows, overlap, and suppression of near duplicates.

Dependency-free, so that the floors that only store a box load nothing else.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import InputError

__all__ = ["DEFAULT_SCALES", "Box", "nms", "propose_boxes"]

DEFAULT_SCALES = (1.0, 0.75, 0.5, 0.33, 0.25)

# A strip of 1 x 25,000,000 pixels would otherwise ask for millions of square windows.
_MOST_PER_AXIS = 32


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """A rectangle of pixels, half-open: columns ``left <= x < right``, rows ``top <= y < bottom``.

    Raises:
        InputError: an edge that is no whole number, is negative, or leaves the box without a pixel.
    """

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        for edge in ("left", "top", "right", "bottom"):
            value = getattr(self, edge)
            try:
                # numpy integers become plain ones: a box goes into JSON and SQLite rows.
                object.__setattr__(self, edge, operator.index(value))
            except TypeError as error:
                raise InputError(f"box {edge} must be a whole number of pixels, got {value!r}") from error
        if self.left < 0 or self.top < 0 or self.right <= self.left or self.bottom <= self.top:
            raise InputError(
                f"box must have 0 <= left < right and 0 <= top < bottom, got left={self.left}, "
                f"top={self.top}, right={self.right}, bottom={self.bottom}"
            )

    @property
    def width(self) -> int:
        """Columns in the box, in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows in the box, in pixels."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """Pixels in the box."""
        return self.width * self.height

    def as_tuple(self) -> tuple[int, int, int, int]:
        """``(left, top, right, bottom)``, as Pillow's ``crop`` wants it."""
        return (self.left, self.top, self.right, self.bottom)

    def intersection(self, other: Box) -> int:
        """Pixels that both boxes hold."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 (apart) to 1 (equal)."""
        shared = self.intersection(other)
        return shared / (self.area + other.area - shared)

    def contained_in(self, other: Box) -> float:
        """Fraction of this box's pixels that lie inside ``other``, 0 to 1."""
        return self.intersection(other) / self.area


def propose_boxes(
    width: int, height: int, scales: Sequence[float] = DEFAULT_SCALES, overlap: float = 0.5
) -> list[Box]:
    """Sliding windows at several scales, each scale covering the whole image.

    A window is a square whose side is ``scale`` times the shorter side of the image; neighbours share about
    ``overlap`` of their side. On a very long image windows grow along the long side, so that no axis holds
    more than 32 of them.

    Args:
        width: columns of the image, in pixels.
        height: rows of the image, in pixels.
        scales: window side relative to the shorter side, each in (0, 1].
        overlap: share of a window's side that the next window repeats, in [0, 0.9].

    Returns:
        Distinct boxes inside the image, larger scales first, then by rows.

    Raises:
        InputError: a size below one pixel, no scale, or a scale or overlap out of its range.
    """
    if width < 1 or height < 1:
        raise InputError(f"an image must have at least one pixel, got {width} x {height}")
    if not scales or any(not 0.0 < scale <= 1.0 for scale in scales):
        raise InputError(f"scales must be one or more numbers in (0, 1], got {tuple(scales)!r}")
    if not 0.0 <= overlap <= 0.9:
        raise InputError(f"overlap must be in [0, 0.9], got {overlap!r}")
    boxes: dict[Box, None] = {}
    for scale in sorted(set(scales), reverse=True):
        side = max(1, round(scale * min(width, height)))
        columns = _windows(width, side, overlap)
        for top, bottom in _windows(height, side, overlap):
            for left, right in columns:
                boxes[Box(left, top, right, bottom)] = None
    return list(boxes)


def _windows(extent: int, side: int, overlap: float) -> list[tuple[int, int]]:
    """Evenly spread intervals of one length that together cover ``0 <= x < extent``."""
    step = 1.0 - overlap
    side = min(extent, max(side, math.ceil(extent / (1.0 + (_MOST_PER_AXIS - 1) * step))))
    count = max(math.ceil(extent / side), round((extent - side) / (side * step)) + 1)
    if count == 1:
        return [(0, side)]
    # Rounding may put two neighbours one pixel further apart than the even spread; never a gap, as steps <=
    # side.
    starts = [index * (extent - side) // (count - 1) for index in range(count)]
    return [(start, start + side) for start in dict.fromkeys(starts)]


def nms(boxes: Sequence[Box], scores: Sequence[float], threshold: float) -> list[int]:
    """Greedy non-maximum suppression.

    Args:
        boxes: candidates, all on the same image.
        scores: one finite number per box, higher is better.
        threshold: a box whose IoU with a better kept box is above this is dropped, in [0, 1].

    Returns:
        Positions of the kept boxes, best first; equal scores keep the order given.

    Raises:
        InputError: lengths that differ, a score that is not finite, or a threshold out of its range.
    """
    if len(boxes) != len(scores):
        raise InputError(f"one score per box is needed, got {len(boxes)} boxes and {len(scores)} scores")
    if not 0.0 <= threshold <= 1.0:
        raise InputError(f"the IoU threshold must be in [0, 1], got {threshold!r}")
    if not all(math.isfinite(score) for score in scores):
        raise InputError("scores must be finite, got NaN or infinity")
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda position: (-scores[position], position)):
        if all(boxes[index].iou(boxes[better]) <= threshold for better in kept):
            kept.append(index)
    return kept
