"""The glyphs on emblems, as polygons."""

from __future__ import annotations

import math

Point = tuple[float, float]
"""x to the right, y down."""


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
    if glyph == "square":
        return [[(-0.82, -0.82), (0.82, -0.82), (0.82, 0.82), (-0.82, 0.82)]]
    if glyph == "bolt":
        return [[(0.25, -1.0), (-0.65, 0.15), (-0.05, 0.15), (-0.25, 1.0), (0.65, -0.2), (0.05, -0.2)]]
    if glyph == "drop":
        below = [(0.62 * math.sin(t), 0.32 - 0.62 * math.cos(t)) for t in turn if 1.1 < t < math.tau - 1.1]
        return [[(0.0, -1.0), *below]]
    if glyph == "bars":
        return [
            [(x - 0.17, -0.85), (x + 0.17, -0.85), (x + 0.17, 0.85), (x - 0.17, 0.85)]
            for x in (-0.65, 0.0, 0.65)
        ]
    raise ValueError(f"no such glyph: got {glyph!r}; the glyphs are in jarvis_pocket.world.GLYPHS")
