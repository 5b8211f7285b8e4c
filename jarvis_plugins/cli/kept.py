"""The tokens of photos that a concept's segment keeps, drawn on them: one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from jarvis_retrievers.boxes import Box

from .sheet import GAP, LINE, begin_sheet, colour_of, placed

if TYPE_CHECKING:
    from jarvis_memory.concept import Concept, Selection

__all__ = ["cell_box", "draw_kept"]

_TEXT = 15
_INK = (30, 30, 34)
_LEFT_OUT = 0.35


def cell_box(kept: Selection, token: int, size: tuple[int, int]) -> Box:
    """The pixels of a photo of ``size`` (width, height) that a token stands for."""
    row, column = divmod(token, kept.columns)
    across, down = size[0] / kept.columns, size[1] / kept.rows
    left, top = round(column * across), round(row * down)
    return Box(left, top, max(left + 1, round((column + 1) * across)), max(top + 1, round((row + 1) * down)))


def draw_kept(concept: Concept, photos: Sequence[Image.Image]) -> Image.Image:
    """Photos side by side, what is left out of them pale, what is kept in frames; a line for each below.

    Args:
        concept: its selections are drawn.
        photos: its photos, RGB, in its order.

    Returns:
        An RGB picture.
    """
    sheet, places, legend = begin_sheet(photos, len(photos), 420)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TEXT)
    for number, (photo, kept, place) in enumerate(zip(photos, concept.selections, places, strict=True)):
        colour = colour_of(number)
        cells = range(kept.rows * kept.columns)
        shown = set(cells if kept.kept is None else kept.kept)
        for token in cells:
            x0, y0, x1, y1 = placed(cell_box(kept, token, photo.size), *place)
            if token in shown:
                pen.rectangle((x0, y0, x1, y1), outline=colour, width=2)
            else:
                part = sheet.crop((x0, y0, x1 + 1, y1 + 1))
                sheet.paste(Image.blend(Image.new("RGB", part.size, "white"), part, _LEFT_OUT), (x0, y0))
        top = legend + LINE * number
        pen.rectangle((GAP, top + 3, GAP + 12, top + 15), fill=colour)
        words = f"photo {number + 1}   {kept.count} of {kept.tokens} tokens   {kept.key}"
        pen.text((GAP + 22, top + 1), words, fill=_INK, font=font)
    return sheet
