"""How a concept looks: its figure as a sprite, drawn with Pillow.

Coordinates of a figure are fractions of its square (x right, y down). Everything is a function of its random
generator.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from jarvis_pocket.figures import ANATOMY, EYES, SILHOUETTES, Pen
from jarvis_pocket.glyphs import glyph_points
from jarvis_pocket.world import Look

BODY_RGB = {
    "red": (208, 52, 48),
    "green": (62, 158, 74),
    "blue": (58, 98, 206),
    "yellow": (238, 200, 60),
    "purple": (142, 78, 176),
    "grey": (140, 140, 146),
    "orange": (240, 134, 40),
    "black": (30, 30, 34),
    "brown": (122, 78, 44),
    "pink": (246, 142, 186),
}
_CREAM = (250, 246, 232)
_INK = (38, 34, 40)

Frame = tuple[float, float, float, float]


EMBLEM_RADIUS = 0.185


@dataclass(frozen=True)
class Pose:
    """How a figure stands in a picture. ``hidden`` puts a cushion before the emblem."""

    mirrored: bool = False
    tilt: float = 0.0
    squash: float = 1.0
    hidden: bool = False

    @classmethod
    def draw(cls, rng: random.Random, hidden: bool = False) -> Pose:
        """A random pose; the tilt is in degrees."""
        return cls(rng.random() < 0.5, rng.uniform(-9, 9), rng.uniform(0.92, 1.08), hidden)


def _pattern(look: Look, size: int) -> Image.Image:
    base = BODY_RGB[look.colour]
    mark = tuple(round(c * 0.52) for c in base)
    image = Image.new("RGB", (size, size), base)
    pen = ImageDraw.Draw(image)
    if look.pattern == "striped":
        for k in range(-1, 8):
            x = k * size / 6.5
            pen.line([(x, 0), (x + size * 0.12, size)], fill=mark, width=max(1, round(size * 0.06)))
    elif look.pattern == "spotted":
        r = size * 0.045
        for row in range(8):
            for column in range(8):
                x, y = (column + 0.5 * (row % 2)) * size / 6.5, (row + 0.3) * size / 7.5
                pen.ellipse((x - r, y - r, x + r, y + r), fill=mark)
    return image


def _accessorise(pen: Pen, look: Look) -> Frame:
    """Draw the accessory; its box in fractions of the figure's square (before mirroring)."""
    anatomy, fill = ANATOMY[look.category], BODY_RGB[look.accessory_colour]
    (nx, ny, half), (tx, ty) = anatomy.neck, anatomy.top
    if look.accessory == "hat":
        pen.box(tx - 0.20, ty - 0.01, tx + 0.20, ty + 0.05, _INK)
        pen.box(tx - 0.12, ty - 0.15, tx + 0.12, ty + 0.02, fill)
        return (tx - 0.20, ty - 0.15, tx + 0.20, ty + 0.06)
    if look.accessory == "scarf":
        pen.box(nx - half - 0.03, ny - 0.05, nx + half + 0.03, ny + 0.05, fill)
        pen.box(nx + half - 0.10, ny, nx + half + 0.01, ny + 0.24, fill)
        return (nx - half - 0.03, ny - 0.06, nx + half + 0.04, ny + 0.24)
    if look.accessory == "bow":
        pen.polygon([(nx, ny), (nx - 0.17, ny - 0.11), (nx - 0.17, ny + 0.11)], fill)
        pen.polygon([(nx, ny), (nx + 0.17, ny - 0.11), (nx + 0.17, ny + 0.11)], fill)
        pen.ellipse(nx, ny, 0.05, 0.05, _INK)
        return (nx - 0.18, ny - 0.12, nx + 0.18, ny + 0.12)
    pen.line([(0.07, 0.98), (0.07, 0.08)], 0.03, _INK)
    pen.polygon([(0.08, 0.06), (0.34, 0.16), (0.08, 0.28)], fill)
    return (0.03, 0.04, 0.36, 0.36)


def sprite(look: Look, pose: Pose, size: int) -> tuple[Image.Image, Frame, Frame]:
    """The figure on a transparent square of ``size`` pixels; where emblem and accessory are, in fractions."""
    mask = Image.new("L", (size, size), 0)
    SILHOUETTES[look.category](Pen(mask, pose.mirrored), 255)
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    image.paste(_pattern(look, size), mask=mask)
    pen = Pen(image, pose.mirrored)
    for x, y in EYES[look.category]:
        pen.ellipse(x, y, 0.045, 0.045, _CREAM)
        pen.ellipse(x, y, 0.022, 0.025, _INK)
    ex, ey = ANATOMY[look.category].emblem
    r = EMBLEM_RADIUS
    accessory = _accessorise(pen, look)
    pen.ellipse(ex, ey, r, r, _INK)
    pen.ellipse(ex, ey, r * 0.92, r * 0.92, _CREAM)
    side = -1 if pose.mirrored else 1  # a glyph is never mirrored, only moved
    for polygon in glyph_points(look.glyph):
        pen.polygon(
            [(ex + side * 0.68 * r * x, ey + 0.68 * r * y) for x, y in polygon], BODY_RGB[look.glyph_colour]
        )
    if pose.hidden:
        cushion = [(-0.21, -0.19), (0.22, -0.21), (0.21, 0.22), (-0.22, 0.20)]
        pen.polygon([(ex + x, ey + y) for x, y in cushion], (176, 148, 120))
    emblem = (ex - r, ey - r, ex + r, ey + r)
    if pose.mirrored:
        emblem = (1 - emblem[2], emblem[1], 1 - emblem[0], emblem[3])
        accessory = (1 - accessory[2], accessory[1], 1 - accessory[0], accessory[3])
    return image, emblem, accessory
