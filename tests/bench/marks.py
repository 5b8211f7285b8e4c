"""Photos with a coloured mark, and a witness that sees marks: for constructed cases of the builder."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from jarvis_bench.building import Given, GivenPhoto
from jarvis_memory.profiling import Subject

MARKS = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "pink": (255, 0, 255),
}
MIDDLE = (40, 40, 56, 56)
SIDE = 96


def photo(
    seed: str,
    mark: str | None,
    boxes: Sequence[tuple[int, int, int, int]] = (MIDDLE,),
    other: str | None = None,
) -> Image.Image:
    """Boxes in pale grey, another picture for each seed, and a mark on it."""
    rng = random.Random(seed)
    image = Image.new("RGB", (SIDE, SIDE), (rng.randrange(150, 200),) * 3)
    pen = ImageDraw.Draw(image)
    for _ in range(30):
        x, y = rng.randrange(SIDE), rng.randrange(SIDE)
        pen.rectangle(
            (x, y, x + rng.randrange(6, 40), y + rng.randrange(6, 40)), (rng.randrange(90, 230),) * 3
        )
    for box in boxes if mark else ():
        pen.rectangle(box, MARKS[mark or ""])
    if other:
        pen.rectangle((2, 2, 9, 9), MARKS[other])
    return image


def given(name: str, photos: Sequence[Image.Image], notes: str = "", category: str = "") -> Given:
    """A concept of images."""
    files = []
    for place, image in enumerate(photos):
        file = io.BytesIO()
        image.save(file, "PNG")
        files.append(GivenPhoto(file.getvalue(), ".png", f"{name}/{place}.png"))
    return Given(name, category, notes, tuple(files))


def marked(name: str, mark: str | None, photos: int = 3, notes: str = "") -> Given:
    """A concept with the same mark on all photos."""
    return given(name, [photo(f"{name}/{place}", mark) for place in range(photos)], notes)


@dataclass
class Spotter:
    """Says of which colour the mark is, if one is among the pixels that it is shown.

    Attributes:
        asks: kinds of detail; all of them are the mark.
        least: fewer pictures show nothing.
        noun: what stands behind the colour.
        shown: how many pictures each question had.
    """

    asks: tuple[str, ...] = ("mark",)
    least: int = 1
    noun: str = ""
    name: str = "spotter"
    shown: list[int] = field(default_factory=list)

    def parts(self, subject: Subject) -> Mapping[str, tuple[str, ...]]:
        return {part: (f"Which {part} has {subject.name}?", f"What {part}?") for part in self.asks}

    def prompt(self, question: str) -> str:
        return f"{question} Say it."

    def say(self, asks: Sequence[tuple[Subject, str]]) -> list[str]:
        self.shown += [len(subject.shown) for subject, _ in asks]
        return [self._seen(subject.shown) for subject, _ in asks]

    def read(self, part: str, name: str, said: str) -> str | None:
        return said.removeprefix("It is ") or None

    def _seen(self, pictures: Sequence[Image.Image]) -> str:
        if len(pictures) < self.least:
            return ""
        pixels = np.concatenate([np.asarray(one, dtype=np.int64).reshape(-1, 3) for one in pictures])
        near = {
            mark: int((abs(pixels - np.array(colour)).max(axis=1) < 60).sum())
            for mark, colour in MARKS.items()
        }
        best = max(near, key=lambda mark: near[mark])
        return f"It is {best}{self.noun}" if near[best] >= 3 else ""
