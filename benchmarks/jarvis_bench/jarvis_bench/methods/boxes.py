"""Coloured boxes on pictures, and the sentences that say who is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw

from .sighted import Seen

__all__ = ["COLOURS", "box_words", "boxed"]

COLOURS: Final = {
    "red": (255, 0, 0),
    "green": (0, 200, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "purple": (160, 0, 200),
    "orange": (255, 140, 0),
    "cyan": (0, 255, 255),
    "pink": (255, 120, 180),
}
"""Colours of boxes by name, in the order in which they are used; so many boxes at most."""

_LINE: Final = 80  # a line is one of so many parts of the shorter side wide, and a pixel at least


def boxed(images: Sequence[Image.Image], seen: Sequence[Seen]) -> tuple[Image.Image, ...]:
    """The pictures with a box around each of those who were seen; the pictures given stay as they are."""
    drawn = [image.convert("RGB").copy() for image in images]
    for one, colour in zip(seen, COLOURS.values(), strict=False):
        picture = drawn[one.picture]
        left, top, right, bottom = one.box.as_tuple()
        width = max(1, min(picture.size) // _LINE)
        ImageDraw.Draw(picture).rectangle((left, top, right - 1, bottom - 1), outline=colour, width=width)
    return tuple(drawn)


def box_words(seen: Sequence[Seen]) -> str:
    """Who is in which box, as PeKit says it; nothing if nobody was seen."""
    lines = [
        f'In this image, the entity enclosed in a {colour} box is called "{one.name}".'
        for one, colour in zip(seen, COLOURS, strict=False)
    ]
    return " ".join((*lines, "Never mention the boxes and their colors.")) if lines else ""
