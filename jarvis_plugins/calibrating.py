"""Drawn photos with exact masks, to calibrate a model's layers with."""

from __future__ import annotations

import random
from collections.abc import Iterator

from jarvis_memory.selecting import CalibrationPhoto
from jarvis_pocket.scene import draw_photo
from jarvis_pocket.world import draw_look, draw_name

__all__ = ["pocket_photos"]


def pocket_photos(n: int, seed: int = 0) -> Iterator[CalibrationPhoto]:
    """``n`` photos of one figure each, of looks and names that Pocket trains with; the same for a seed.

    What is to be said of a photo is known here, so that layers are told apart and not how well a model names
    what it sees.
    """
    for number in range(n):
        rng = random.Random(f"calibrate/{seed}/{number}")
        look, name = draw_look(rng, "train"), draw_name(rng, "train")
        picture = draw_photo(rng, look)
        yield CalibrationPhoto(
            picture.image, picture.figures[0].mask, name, (look.body, look.worn, look.emblem)
        )
