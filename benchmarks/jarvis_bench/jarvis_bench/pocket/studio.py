"""Drawn pictures, written below a folder like those of any data set."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from jarvis_pocket.scene import draw_photo, draw_scene
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import Look
from jarvis_retrievers.images import pixel_digest

from ..item import Picture
from ..looks import look_of

__all__ = ["Studio"]


class Studio:
    """Draws into a folder; names of files say nothing of who is on them.

    Args:
        root: the folder.
        rng: what decides on poses, light and rooms.
    """

    def __init__(self, root: Path, rng: random.Random) -> None:
        self.root, self._rng = root, rng
        self._count = 0

    def photo(self, look: Look) -> Picture:
        """A reference photo: one concept, large, its emblem in sight."""
        return self._saved("photos", draw_photo(self._rng, look).image)

    def scene(self, shown: Sequence[Shown]) -> Picture:
        """A picture of one to three, from left to right."""
        return self._saved("scenes", draw_scene(self._rng, shown).image)

    def _saved(self, folder: str, image: Image.Image) -> Picture:
        path = f"{folder}/{self._count:05d}.png"
        self._count += 1
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        image.save(target, format="PNG")
        return Picture(path=path, digest=pixel_digest(image), look=look_of(image))
