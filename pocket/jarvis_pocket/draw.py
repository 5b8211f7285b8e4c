"""How a concept looks: its figure as a sprite, drawn with Pillow.

Coordinates of a figure are fractions of its square (x right, y down). Everything is a function of its random
generator.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

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
}
_CREAM = (250, 246, 232)
_INK = (38, 34, 40)

Point = tuple[float, float]
Frame = tuple[float, float, float, float]


@dataclass(frozen=True)
class Anatomy:
    """Where the parts of a category sit: emblem centre, neck centre and half-width, top of the head."""

    emblem: Point
    neck: tuple[float, float, float]
    top: Point


ANATOMY = {
    "cat": Anatomy((0.50, 0.72), (0.50, 0.50, 0.17), (0.50, 0.17)),
    "dog": Anatomy((0.38, 0.68), (0.66, 0.53, 0.13), (0.72, 0.18)),
    "bird": Anatomy((0.50, 0.68), (0.50, 0.44, 0.15), (0.50, 0.14)),
    "fish": Anatomy((0.46, 0.58), (0.24, 0.57, 0.13), (0.38, 0.31)),
    "mug": Anatomy((0.44, 0.64), (0.44, 0.42, 0.26), (0.44, 0.28)),
    "robot": Anatomy((0.50, 0.72), (0.50, 0.50, 0.14), (0.50, 0.16)),
}
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


class _Pen:
    """Draws in fractions of a square of ``size`` pixels, mirrored if asked."""

    def __init__(self, image: Image.Image, mirrored: bool) -> None:
        self.draw = ImageDraw.Draw(image)
        self.size = image.width
        self.mirrored = mirrored

    def _xy(self, points: Sequence[Point]) -> list[Point]:
        return [((1 - x if self.mirrored else x) * self.size, y * self.size) for x, y in points]

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: object) -> None:
        (cx, cy), s = self._xy([(x, y)])[0], self.size
        self.draw.ellipse((cx - rx * s, cy - ry * s, cx + rx * s, cy + ry * s), fill=fill)  # type: ignore[arg-type]

    def polygon(self, points: Sequence[Point], fill: object) -> None:
        self.draw.polygon(self._xy(points), fill=fill)  # type: ignore[arg-type]

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: object) -> None:
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill)

    def line(self, points: Sequence[Point], width: float, fill: object) -> None:
        self.draw.line(self._xy(points), fill=fill, width=max(1, round(width * self.size)))  # type: ignore[arg-type]


def _cat(pen: _Pen, fill: object) -> None:
    pen.line([(0.72, 0.88), (0.90, 0.74), (0.88, 0.52)], 0.07, fill)
    pen.ellipse(0.5, 0.72, 0.27, 0.25, fill)
    pen.ellipse(0.5, 0.32, 0.21, 0.18, fill)
    pen.polygon([(0.30, 0.28), (0.29, 0.04), (0.46, 0.17)], fill)
    pen.polygon([(0.70, 0.28), (0.71, 0.04), (0.54, 0.17)], fill)


def _dog(pen: _Pen, fill: object) -> None:
    pen.line([(0.14, 0.62), (0.03, 0.40)], 0.07, fill)
    pen.ellipse(0.40, 0.68, 0.34, 0.20, fill)
    for x in (0.16, 0.30, 0.50, 0.62):
        pen.box(x, 0.74, x + 0.09, 0.98, fill)
    pen.ellipse(0.72, 0.34, 0.17, 0.17, fill)
    pen.ellipse(0.89, 0.40, 0.09, 0.08, fill)
    pen.ellipse(0.58, 0.40, 0.06, 0.15, fill)
    pen.polygon([(0.58, 0.45), (0.84, 0.48), (0.68, 0.66), (0.52, 0.62)], fill)


def _bird(pen: _Pen, fill: object) -> None:
    pen.line([(0.42, 0.90), (0.42, 1.0)], 0.03, fill)
    pen.line([(0.58, 0.90), (0.58, 1.0)], 0.03, fill)
    pen.ellipse(0.5, 0.67, 0.25, 0.26, fill)
    pen.ellipse(0.5, 0.29, 0.15, 0.16, fill)
    pen.polygon([(0.32, 0.52), (0.02, 0.44), (0.10, 0.66), (0.30, 0.76)], fill)
    pen.polygon([(0.68, 0.52), (0.98, 0.44), (0.90, 0.66), (0.70, 0.76)], fill)


def _fish(pen: _Pen, fill: object) -> None:
    pen.ellipse(0.42, 0.58, 0.37, 0.27, fill)
    pen.polygon([(0.70, 0.58), (0.98, 0.32), (0.98, 0.84)], fill)
    pen.polygon([(0.36, 0.36), (0.62, 0.20), (0.60, 0.40)], fill)


def _mug(pen: _Pen, fill: object) -> None:
    pen.ellipse(0.74, 0.62, 0.20, 0.20, fill)
    pen.ellipse(0.74, 0.62, 0.11, 0.11, 0)
    pen.box(0.16, 0.30, 0.72, 0.96, fill)


def _robot(pen: _Pen, fill: object) -> None:
    pen.line([(0.34, 0.18), (0.34, 0.02)], 0.03, fill)
    pen.line([(0.66, 0.18), (0.66, 0.02)], 0.03, fill)
    pen.box(0.30, 0.16, 0.70, 0.46, fill)
    pen.box(0.43, 0.44, 0.57, 0.54, fill)
    pen.box(0.24, 0.52, 0.76, 0.92, fill)
    pen.box(0.08, 0.54, 0.19, 0.84, fill)
    pen.box(0.81, 0.54, 0.92, 0.84, fill)
    pen.box(0.30, 0.92, 0.42, 1.0, fill)
    pen.box(0.58, 0.92, 0.70, 1.0, fill)


_SILHOUETTES: dict[str, Callable[[_Pen, object], None]] = {
    "cat": _cat,
    "dog": _dog,
    "bird": _bird,
    "fish": _fish,
    "mug": _mug,
    "robot": _robot,
}
_EYES = {
    "cat": ((0.42, 0.31), (0.58, 0.31)),
    "dog": ((0.74, 0.31),),
    "bird": ((0.44, 0.27), (0.56, 0.27)),
    "fish": ((0.18, 0.50),),
    "mug": (),
    "robot": ((0.41, 0.30), (0.59, 0.30)),
}


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


def glyph_points(glyph: str) -> list[list[Point]]:
    """Polygons of a glyph in [-1, 1] squared."""
    turn = [i * math.tau / 40 for i in range(40)]
    if glyph == "star":
        return [
            [
                (
                    (1 if i % 2 == 0 else 0.4) * math.sin(i * math.pi / 5),
                    (-1 if i % 2 == 0 else -0.4) * math.cos(i * math.pi / 5),
                )
                for i in range(10)
            ]
        ]
    if glyph == "heart":
        return [
            [
                (
                    math.sin(t) ** 3,
                    -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 16,
                )
                for t in turn
            ]
        ]
    if glyph == "moon":
        outer = [(math.cos(t), math.sin(t)) for t in (math.radians(a) for a in range(50, 311, 10))]
        inner = [
            (0.38 + 0.78 * math.cos(t), 0.78 * math.sin(t))
            for t in (math.radians(a) for a in range(290, 69, -10))
        ]
        return [[(x + 0.15, y) for x, y in outer + inner]]
    if glyph == "cross":
        return [
            [(-0.32, -0.95), (0.32, -0.95), (0.32, 0.95), (-0.32, 0.95)],
            [(-0.95, -0.32), (0.95, -0.32), (0.95, 0.32), (-0.95, 0.32)],
        ]
    if glyph == "ring":
        circle = [(math.cos(t), math.sin(t)) for t in turn]
        return [
            [(0.95 * x, 0.95 * y) for x, y in circle]
            + [(0.95, 0.0)]
            + [(0.5 * x, -0.5 * y) for x, y in circle]
            + [(0.5, 0.0)]
        ]
    if glyph == "arrow":
        return [
            [(0.0, -1.0), (0.9, 0.05), (0.34, 0.05), (0.34, 0.95), (-0.34, 0.95), (-0.34, 0.05), (-0.9, 0.05)]
        ]
    raise ValueError(f"no such glyph: got {glyph!r}; the glyphs are in jarvis_pocket.world.GLYPHS")


def _accessorise(pen: _Pen, look: Look) -> Frame:
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
    _SILHOUETTES[look.category](_Pen(mask, pose.mirrored), 255)
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    image.paste(_pattern(look, size), mask=mask)
    pen = _Pen(image, pose.mirrored)
    for x, y in _EYES[look.category]:
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
