"""Regions of a picture from a detector, beside the windows that are tried anyway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PIL.Image import Image

from .boxes import Box
from .grounded_masker import Detector

__all__ = ["RegionDetector", "detected_regions"]

RegionDetector = Callable[[Image], Sequence[Box]]
"""Boxes on a picture that may hold somebody or something, none if there is nothing."""

_THINGS: Final = ("an animal", "a person", "a toy", "a thing")


def detected_regions(detector: Detector, prompts: Sequence[str] = _THINGS, most: int = 16) -> RegionDetector:
    """The best boxes that a detector finds for some words, as regions for questions with pictures.

    ::

        memory = PersonalMemory.open(detector=detected_regions(dino_detector(model, processor)))

    Args:
        detector: `dino_detector`, or any other.
        prompts: what is looked for.
        most: the most boxes of a picture.
    """

    def regions(image: Image) -> list[Box]:
        found = sorted(detector(image, prompts), key=lambda one: -one.score)
        return list(dict.fromkeys(_square(one.box, image.size) for one in found[:most]))

    return regions


def _square(box: Box, size: tuple[int, int]) -> Box:
    """The square around a box, moved into the picture, and as small as its shorter side if it must."""
    side = min(max(box.width, box.height), *size)
    left = min(max(0, round((box.left + box.right - side) / 2)), size[0] - side)
    top = min(max(0, round((box.top + box.bottom - side) / 2)), size[1] - side)
    return Box(left, top, left + side, top + side)
