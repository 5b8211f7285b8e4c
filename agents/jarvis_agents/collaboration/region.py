"""A region of a picture: cut out with a rim, and the third of the width that it stands in."""

from __future__ import annotations

from typing import Final

from PIL import Image

from jarvis_retrievers.boxes import Box

from .report import PLACES, Place

__all__ = ["column", "cut_out", "widened"]

_RIM: Final = 0.08
_LEAST: Final = 192


def widened(image: Image.Image, box: Box) -> Box:
    """The box with a rim of 8 % of its width, as far as the image reaches."""
    more = round(_RIM * box.width)
    return Box(
        max(0, box.left - more),
        max(0, box.top - more),
        min(image.width, box.right + more),
        min(image.height, box.bottom + more),
    )


def cut_out(image: Image.Image, box: Box) -> Image.Image:
    """The widened region as an image; a small one is enlarged to 192 pixels."""
    piece = image.crop(widened(image, box).as_tuple())
    scale = _LEAST / min(piece.size)
    if scale <= 1:
        return piece
    return piece.resize((round(piece.width * scale), round(piece.height * scale)), Image.Resampling.BICUBIC)


def column(box: Box, width: int) -> Place:
    """The third of the width that the middle of the region is in."""
    return PLACES[min(2, max(0, 3 * (box.left + box.right) // (2 * width)))]
