"""Pictures of Pocket World: reference photos of one concept, and scenes with one to three."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageDraw, ImageEnhance

from jarvis_pocket.draw import Frame, Pose, sprite
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import Look

_WALLS = (
    (236, 226, 210),
    (214, 226, 232),
    (226, 220, 234),
    (220, 232, 216),
    (240, 232, 226),
    (206, 210, 216),
)
_FLOORS = ((196, 172, 142), (170, 160, 150), (184, 190, 176), (206, 190, 180), (150, 142, 138))
_FRAME = (24, 22, 28)
_CLUTTER = ((182, 150, 122), (150, 170, 150), (160, 150, 176), (186, 176, 150), (140, 150, 160))


@dataclass(frozen=True)
class Figure:
    """Where a concept stands in a picture: boxes are (left, top, right, bottom) in pixels.

    ``mask`` is as large as the picture (mode L): how much of each pixel the figure was drawn over, 0 to 255.
    What was drawn later may hide some of it.
    """

    subject: Frame
    emblem: Frame
    accessory: Frame
    hidden: bool
    mask: Image.Image = field(compare=False, repr=False)


@dataclass(frozen=True)
class Picture:
    """An RGB picture and its figures from left to right."""

    image: Image.Image
    figures: tuple[Figure, ...]


def background(rng: random.Random, width: int, height: int) -> Image.Image:
    """A room: wall, floor, and pale clutter that never looks like a concept."""
    image = Image.new("RGB", (width, height), rng.choice(_WALLS))
    pen = ImageDraw.Draw(image)
    horizon = height * rng.uniform(0.62, 0.86)
    pen.rectangle((0, horizon, width, height), fill=rng.choice(_FLOORS))
    for _ in range(rng.randint(0, 3) + width // height):
        w, h = height * rng.uniform(0.08, 0.3), height * rng.uniform(0.08, 0.4)
        x, y = rng.uniform(-0.1, 1) * width, horizon + rng.uniform(-0.4, 0.12) * height
        shape = pen.rectangle if rng.random() < 0.6 else pen.ellipse
        shape((x, y - h, x + w, y), fill=rng.choice(_CLUTTER))
    return image


def place_figure(
    canvas: Image.Image, look: Look, pose: Pose, centre: tuple[float, float], side: float
) -> Figure:
    """Draw a figure onto a picture, its centre and side in pixels; what lies beyond the edge is cut off."""
    size = max(8, round(side))
    figure, emblem, accessory = sprite(look, pose, size)
    if pose.tilt:
        figure = figure.rotate(pose.tilt, resample=Image.Resampling.BILINEAR)
    width = max(8, round(size * pose.squash))
    figure = figure.resize((width, size), Image.Resampling.BILINEAR)
    left, top = round(centre[0] - width / 2), round(centre[1] - size / 2)
    canvas.paste(figure, (left, top), figure)
    mask = Image.new("L", canvas.size)
    mask.paste(figure.getchannel("A"), (left, top))

    def frame(box: Frame) -> Frame:
        # the rotation (counter-clockwise, about the centre) moves the box's centre; its size stays
        angle = -math.radians(pose.tilt)
        x, y = (box[0] + box[2]) / 2 - 0.5, (box[1] + box[3]) / 2 - 0.5
        x, y = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
        w, h = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
        return (
            left + (0.5 + x - w) * width,
            top + (0.5 + y - h) * size,
            left + (0.5 + x + w) * width,
            top + (0.5 + y + h) * size,
        )

    return Figure(frame((0.0, 0.0, 1.0, 1.0)), frame(emblem), frame(accessory), pose.hidden, mask)


def draw_light(rng: random.Random) -> tuple[float, float]:
    """Brightness and strength of colours; 1 is as drawn."""
    return rng.uniform(0.82, 1.08), rng.uniform(0.88, 1.1)


def lit(image: Image.Image, light: tuple[float, float]) -> Image.Image:
    """A picture in some light."""
    return ImageEnhance.Color(ImageEnhance.Brightness(image).enhance(light[0])).enhance(light[1])


def outline(image: Image.Image) -> None:
    """Draw the thin dark frame of a scene."""
    # Qwen2.5-VL's tower sees relative places only; a frame tells it where left and right end.
    width, height = image.size
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, width - 1, height - 1), outline=_FRAME, width=max(2, height // 32))


def draw_photo(rng: random.Random, look: Look, side: int = 256) -> Picture:
    """A reference photo: one concept, large, its emblem in sight."""
    image = background(rng, side, side)
    size = side * rng.uniform(0.74, 0.94)
    slack = (side - size) / 2
    centre = (side / 2 + rng.uniform(-slack, slack), side / 2 + rng.uniform(-slack, slack))
    figure = place_figure(image, look, Pose.draw(rng), centre, size)
    return Picture(lit(image, draw_light(rng)), (figure,))


def draw_scene(rng: random.Random, shown: Sequence[Shown], height: int = 192) -> Picture:
    """A scene with one to three figures in the given order from left to right.

    The picture has a thin dark frame, and is ``height`` x ``height`` for one figure, twice as wide for more.
    """
    if not 1 <= len(shown) <= 3:
        raise ValueError(f"a scene holds 1 to 3 concepts: got {len(shown)}")
    width = height if len(shown) == 1 else 2 * height
    image = background(rng, width, height)
    slot = width / len(shown)
    figures = []
    for i, (look, _, covered) in enumerate(shown):
        side = min(slot, height) * rng.uniform(0.80, 0.96) * (1.12 if len(shown) == 3 else 1.0)
        side = min(side, height * 0.98)
        x = slot * (i + 0.5) + rng.uniform(-0.04, 0.04) * slot
        y = height / 2 + rng.uniform(-0.5, 0.5) * (height - side)
        figures.append(place_figure(image, look, Pose.draw(rng, covered), (x, y), side))
    image = lit(image, draw_light(rng))
    outline(image)
    return Picture(image, tuple(figures))
