"""Drawn pictures, written below a folder like those of any data set."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from jarvis_pocket.film import RATE
from jarvis_pocket.scene import draw_photo, draw_scene
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import Look
from jarvis_retrievers.images import pixel_digest

from ..item import Clip, Picture
from ..looks import look_of
from .encoding import encode_clip

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

    def clip(self, frames: Sequence[Image.Image]) -> Clip:
        """Frames of one size as a video file, 8 a second.

        Raises:
            ExtraError: PyAV is not installed.
        """
        path, target = self._target("clips", "mp4")
        data = encode_clip(frames, RATE)
        target.write_bytes(data)
        return Clip(path=path, digest=hashlib.sha256(data).hexdigest())

    def _saved(self, folder: str, image: Image.Image) -> Picture:
        path, target = self._target(folder, "png")
        image.save(target, format="PNG")
        return Picture(path=path, digest=pixel_digest(image), look=look_of(image))

    def _target(self, folder: str, ending: str) -> tuple[str, Path]:
        path = f"{folder}/{self._count:05d}.{ending}"
        self._count += 1
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return path, target
