"""What was seen where, drawn on the pictures of a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from .screen import one_line
from .sheet import GAP, LINE, begin_sheet, colour_of, placed

if TYPE_CHECKING:
    from jarvis_retrievers.retrieval import Sighting

__all__ = ["draw_sights"]

_TEXT = 15
_INK, _PAPER, _GREY = (30, 30, 34), (255, 255, 255), (140, 140, 146)
_LONGEST = 24


def draw_sights(images: Sequence[Image.Image], sightings: Sequence[tuple[str, Sighting]]) -> Image.Image:
    """Pictures side by side; who was seen in a coloured box, others in a thin grey one; scores below.

    Args:
        images: of the question, RGB.
        sightings: name and sighting of each concept, by falling score.

    Returns:
        An RGB picture.
    """
    sheet, places, legend = begin_sheet(images, len(sightings), 560)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TEXT)
    seen = [name for name, sighting in sightings if sighting.verdict == "seen"]
    # Those that were seen come last, so that no other box lies over theirs.
    for name, sighting in sorted(sightings, key=lambda pair: pair[1].verdict == "seen"):
        number, box = sighting.region
        corner = placed(box, *places[number])
        if sighting.verdict != "seen":
            pen.rectangle(corner, outline=_GREY, width=1)
            continue
        colour = colour_of(seen.index(name))
        pen.rectangle(corner, outline=colour, width=3)
        label = _short(name)
        end = pen.textlength(label, font=font)
        pen.rectangle((corner[0], corner[1], corner[0] + end + 8, corner[1] + 20), fill=colour)
        pen.text((corner[0] + 4, corner[1] + 2), label, fill=_PAPER, font=font)
    for line, (name, sighting) in enumerate(sightings):
        top = legend + LINE * line
        colour = colour_of(seen.index(name)) if name in seen else _GREY
        pen.rectangle((GAP, top + 3, GAP + 12, top + 15), fill=colour)
        sign = ">=" if sighting.score >= sighting.threshold else "<"
        words = f"{_short(name)}   {sighting.score:.3f} {sign} {sighting.threshold:.3f}   {sighting.verdict}"
        pen.text((GAP + 22, top + 1), words, fill=_INK if name in seen else _GREY, font=font)
    return sheet


def _short(name: str) -> str:
    plain = one_line(name)
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
