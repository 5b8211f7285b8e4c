"""A concept's patches drawn on its photos: one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from jarvis_memory.concept import Concept
    from jarvis_retrievers.boxes import Box

__all__ = ["GAP", "LINE", "begin_sheet", "colour_of", "draw_sheet", "photo_scale", "placed"]

GAP = 12
"""Pixels around and between photos."""

LINE = 22
"""Pixels of a line of the legend."""

_HEIGHT, _WIDTH = 384, 768
_TEXT = 15
_COLOURS = (
    *((230, 60, 50), (40, 110, 220), (30, 150, 70), (235, 140, 20), (150, 70, 190)),
    *((0, 160, 170), (200, 50, 130), (120, 90, 50)),
)
_INK, _PAPER = (30, 30, 34), (255, 255, 255)


def colour_of(number: int) -> tuple[int, int, int]:
    """The RGB colour of the patch at a position, counted from 0; there are 8, used in turn."""
    return _COLOURS[number % len(_COLOURS)]


def photo_scale(width: int, height: int) -> float:
    """By how much a photo is scaled: to 384 pixels of height, but no wider than 768."""
    return min(_HEIGHT / height, _WIDTH / width)


def placed(box: Box, left: int, scale: float) -> tuple[int, int, int, int]:
    """First and last column and row of a box on the sheet, both within; ``left``: where its photo begins."""
    x0, y0 = left + round(box.left * scale), GAP + round(box.top * scale)
    x1, y1 = left + round(box.right * scale) - 1, GAP + round(box.bottom * scale) - 1
    return x0, y0, max(x0, x1), max(y0, y1)


def begin_sheet(
    images: Sequence[Image.Image], lines: int, width: int
) -> tuple[Image.Image, list[tuple[int, float]], int]:
    """White paper with pictures side by side and room for a legend below.

    Args:
        images: RGB.
        lines: of the legend.
        width: least width of the paper.

    Returns:
        The paper; of each picture its left edge and scale; where the legend begins.
    """
    scales = [photo_scale(image.width, image.height) for image in images]
    sizes = [
        (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        for image, scale in zip(images, scales, strict=True)
    ]
    legend = GAP + _HEIGHT + GAP
    size = (max(GAP + sum(size[0] + GAP for size in sizes), width), legend + LINE * lines + GAP)
    sheet, places, left = Image.new("RGB", size, _PAPER), [], GAP
    for image, scaled, scale in zip(images, sizes, scales, strict=True):
        sheet.paste(image.resize(scaled, Image.Resampling.LANCZOS), (left, GAP))
        places.append((left, scale))
        left += scaled[0] + GAP
    return sheet, places, legend


def draw_sheet(concept: Concept, photos: Sequence[Image.Image]) -> Image.Image:
    """Photos side by side, numbered boxes in the order of the patches, and a legend with their scores below.

    Args:
        concept: its patches are drawn.
        photos: its photos, RGB, in its order.

    Returns:
        An RGB picture: as wide as the photos and the gaps around them (420 pixels at least); as high as a row
        of 384 pixels, the gaps, and a line of 22 pixels for each patch.
    """
    sheet, places, legend = begin_sheet(photos, len(concept.patches), 420)
    lefts = {record.id: place for record, place in zip(concept.photos, places, strict=True)}
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TEXT)
    order = [photo.id for photo in concept.photos]
    tagged: dict[tuple[int, int], int] = {}
    for number, patch in enumerate(concept.patches):
        colour = colour_of(number)
        corner = placed(patch.box, *lefts[patch.photo_id])
        pen.rectangle(corner, outline=colour, width=3)
        # Windows of several scales often share their upper left corner: their tags stand beside each other.
        beside = tagged[corner[:2]] = tagged.get(corner[:2], -1) + 1
        _tag(pen, font, corner[0] + 22 * beside, corner[1], number, colour)
        top = legend + LINE * number
        _tag(pen, font, GAP, top, number, colour)
        words = (
            f"photo {order.index(patch.photo_id) + 1}   score {patch.score:.2f} = "
            f"relevance {patch.relevance:.2f} x distinctiveness {patch.distinctiveness:.2f}"
        )
        pen.text((GAP + 34, top + 2), words, fill=_INK, font=font)
    return sheet


def _tag(
    pen: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    x: int,
    y: int,
    number: int,
    colour: tuple[int, int, int],
) -> None:
    """A small filled square with the patch's number in it."""
    pen.rectangle((x, y, x + 20, y + 18), fill=colour)
    pen.text((x + 10, y + 9), str(number + 1), fill=_PAPER, font=font, anchor="mm")
