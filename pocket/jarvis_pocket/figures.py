"""The categories as drawings: silhouettes, eyes, and where things sit on them.

Coordinates of a figure are fractions of its square (x right, y down).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from jarvis_pocket.glyphs import Point


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
    "rabbit": Anatomy((0.50, 0.74), (0.50, 0.55, 0.14), (0.50, 0.24)),
    "turtle": Anatomy((0.44, 0.60), (0.80, 0.66, 0.08), (0.80, 0.42)),
    "car": Anatomy((0.50, 0.66), (0.50, 0.44, 0.18), (0.50, 0.26)),
    "lamp": Anatomy((0.50, 0.34), (0.50, 0.60, 0.10), (0.50, 0.14)),
}


class Pen:
    """Draws in fractions of a square of ``size`` pixels, mirrored if asked."""

    def __init__(self, image: Image.Image, mirrored: bool) -> None:
        self.draw = ImageDraw.Draw(image)
        self.size = image.width
        self.mirrored = mirrored

    def _xy(self, points: Sequence[Point]) -> list[Point]:
        return [((1 - x if self.mirrored else x) * self.size, y * self.size) for x, y in points]

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: object) -> None:
        """A filled ellipse of these radii."""
        (cx, cy), s = self._xy([(x, y)])[0], self.size
        self.draw.ellipse((cx - rx * s, cy - ry * s, cx + rx * s, cy + ry * s), fill=fill)  # type: ignore[arg-type]

    def polygon(self, points: Sequence[Point], fill: object) -> None:
        """A filled polygon."""
        self.draw.polygon(self._xy(points), fill=fill)  # type: ignore[arg-type]

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: object) -> None:
        """A filled rectangle."""
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill)

    def line(self, points: Sequence[Point], width: float, fill: object) -> None:
        """A line of this width."""
        self.draw.line(self._xy(points), fill=fill, width=max(1, round(width * self.size)))  # type: ignore[arg-type]


def _cat(pen: Pen, fill: object) -> None:
    pen.line([(0.72, 0.88), (0.90, 0.74), (0.88, 0.52)], 0.07, fill)
    pen.ellipse(0.5, 0.72, 0.27, 0.25, fill)
    pen.ellipse(0.5, 0.32, 0.21, 0.18, fill)
    pen.polygon([(0.30, 0.28), (0.29, 0.04), (0.46, 0.17)], fill)
    pen.polygon([(0.70, 0.28), (0.71, 0.04), (0.54, 0.17)], fill)


def _dog(pen: Pen, fill: object) -> None:
    pen.line([(0.14, 0.62), (0.03, 0.40)], 0.07, fill)
    pen.ellipse(0.40, 0.68, 0.34, 0.20, fill)
    for x in (0.16, 0.30, 0.50, 0.62):
        pen.box(x, 0.74, x + 0.09, 0.98, fill)
    pen.ellipse(0.72, 0.34, 0.17, 0.17, fill)
    pen.ellipse(0.89, 0.40, 0.09, 0.08, fill)
    pen.ellipse(0.58, 0.40, 0.06, 0.15, fill)
    pen.polygon([(0.58, 0.45), (0.84, 0.48), (0.68, 0.66), (0.52, 0.62)], fill)


def _bird(pen: Pen, fill: object) -> None:
    pen.line([(0.42, 0.90), (0.42, 1.0)], 0.03, fill)
    pen.line([(0.58, 0.90), (0.58, 1.0)], 0.03, fill)
    pen.ellipse(0.5, 0.67, 0.25, 0.26, fill)
    pen.ellipse(0.5, 0.29, 0.15, 0.16, fill)
    pen.polygon([(0.32, 0.52), (0.02, 0.44), (0.10, 0.66), (0.30, 0.76)], fill)
    pen.polygon([(0.68, 0.52), (0.98, 0.44), (0.90, 0.66), (0.70, 0.76)], fill)


def _fish(pen: Pen, fill: object) -> None:
    pen.ellipse(0.42, 0.58, 0.37, 0.27, fill)
    pen.polygon([(0.70, 0.58), (0.98, 0.32), (0.98, 0.84)], fill)
    pen.polygon([(0.36, 0.36), (0.62, 0.20), (0.60, 0.40)], fill)


def _mug(pen: Pen, fill: object) -> None:
    pen.ellipse(0.74, 0.62, 0.20, 0.20, fill)
    pen.ellipse(0.74, 0.62, 0.11, 0.11, 0)
    pen.box(0.16, 0.30, 0.72, 0.96, fill)


def _robot(pen: Pen, fill: object) -> None:
    pen.line([(0.34, 0.18), (0.34, 0.02)], 0.03, fill)
    pen.line([(0.66, 0.18), (0.66, 0.02)], 0.03, fill)
    pen.box(0.30, 0.16, 0.70, 0.46, fill)
    pen.box(0.43, 0.44, 0.57, 0.54, fill)
    pen.box(0.24, 0.52, 0.76, 0.92, fill)
    pen.box(0.08, 0.54, 0.19, 0.84, fill)
    pen.box(0.81, 0.54, 0.92, 0.84, fill)
    pen.box(0.30, 0.92, 0.42, 1.0, fill)
    pen.box(0.58, 0.92, 0.70, 1.0, fill)


def _rabbit(pen: Pen, fill: object) -> None:
    pen.ellipse(0.5, 0.76, 0.26, 0.22, fill)
    pen.ellipse(0.5, 0.38, 0.17, 0.16, fill)
    pen.ellipse(0.41, 0.15, 0.055, 0.16, fill)
    pen.ellipse(0.59, 0.15, 0.055, 0.16, fill)
    pen.ellipse(0.20, 0.90, 0.09, 0.09, fill)
    pen.box(0.36, 0.50, 0.64, 0.62, fill)


def _turtle(pen: Pen, fill: object) -> None:
    pen.polygon([(0.06, 0.76), (0.12, 0.50), (0.30, 0.34), (0.58, 0.34), (0.76, 0.50), (0.82, 0.76)], fill)
    pen.ellipse(0.88, 0.56, 0.11, 0.13, fill)
    pen.box(0.70, 0.60, 0.90, 0.72, fill)
    for x in (0.20, 0.62):
        pen.ellipse(x, 0.82, 0.10, 0.12, fill)
    pen.polygon([(0.08, 0.70), (0.0, 0.82), (0.12, 0.78)], fill)


def _car(pen: Pen, fill: object) -> None:
    pen.box(0.04, 0.46, 0.96, 0.84, fill)
    pen.polygon([(0.22, 0.48), (0.32, 0.26), (0.68, 0.26), (0.80, 0.48)], fill)
    for x in (0.22, 0.78):
        pen.ellipse(x, 0.84, 0.12, 0.12, fill)


def _lamp(pen: Pen, fill: object) -> None:
    pen.polygon([(0.32, 0.14), (0.68, 0.14), (0.88, 0.56), (0.12, 0.56)], fill)
    pen.box(0.46, 0.54, 0.54, 0.92, fill)
    pen.ellipse(0.5, 0.92, 0.22, 0.07, fill)


SILHOUETTES: dict[str, Callable[[Pen, object], None]] = {
    "cat": _cat,
    "dog": _dog,
    "bird": _bird,
    "fish": _fish,
    "mug": _mug,
    "robot": _robot,
    "rabbit": _rabbit,
    "turtle": _turtle,
    "car": _car,
    "lamp": _lamp,
}
EYES = {
    "cat": ((0.42, 0.31), (0.58, 0.31)),
    "dog": ((0.74, 0.31),),
    "bird": ((0.44, 0.27), (0.56, 0.27)),
    "fish": ((0.18, 0.50),),
    "mug": (),
    "robot": ((0.41, 0.30), (0.59, 0.30)),
    "rabbit": ((0.43, 0.36), (0.57, 0.36)),
    "turtle": ((0.91, 0.53),),
    "car": ((0.40, 0.38), (0.60, 0.38)),
    "lamp": (),
}
