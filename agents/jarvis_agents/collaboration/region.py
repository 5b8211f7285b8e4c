"""A region of a picture: cut out with a rim, and the third of the width that it stands in."""

from __future__ import annotations

from typing import Final

from PIL import Image

from jarvis_retrievers.boxes import Box

from .report import PLACES, Place

__all__ = ["column", "cut_out"]

_RIM: Final = 0.08
_LEAST: Final = 192


def cut_out(image: Image.Image, box: Box, rim: float = _RIM) -> Image.Image:
    """The region with a rim of that share of its width; small ones are enlarged to 192 pixels."""
    more = round(rim * box.width)
    piece = image.crop(
        (
            max(0, box.left - more),
            max(0, box.top - more),
            min(image.width, box.right + more),
            min(image.height, box.bottom + more),
        )
    )
    scale = _LEAST / min(piece.size)
    if scale <= 1:
        return piece
    return piece.resize((round(piece.width * scale), round(piece.height * scale)), Image.Resampling.BICUBIC)


def column(box: Box, width: int) -> Place:
    """The third of the width that the middle of the region is in."""
    return PLACES[min(2, max(0, 3 * (box.left + box.right) // (2 * width)))]
