"""Drawn strangers: pictures of nobody who is known, to learn from what a concept is not."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from .keep import kept

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..models import Models

__all__ = ["Strangers", "draw_strangers"]

_SIDE: Final = 128
_DRAWN: Final = 192


@dataclass(frozen=True, slots=True, eq=False)
class Strangers:
    """Pictures, each of one stranger.

    Attributes:
        images: RGB.
        vectors: (n, dim) unit vectors of the encoder.
    """

    images: tuple[Image.Image, ...]
    vectors: NDArray[np.float32]

    def like(self, vectors: NDArray[np.float32], count: int) -> list[Image.Image]:
        """Those that are nearest to one of some vectors: the hard negatives of Yo'LLaVA, section 3.3.

        Args:
            vectors: (m, dim) unit vectors.
            count: how many.
        """
        near = (self.vectors @ np.asarray(vectors).T).max(axis=1)
        return [self.images[place] for place in np.argsort(-near, kind="stable")[:count]]


def draw_strangers(models: Models, count: int = _DRAWN, seed: int = 0) -> Strangers:
    """Photos of looks of Pocket World's training split, drawn once for all methods with these models."""

    def draw() -> Strangers:
        from jarvis_pocket.scene import draw_photo
        from jarvis_pocket.world import draw_look

        rng = random.Random(f"strangers/{seed}")
        images = tuple(draw_photo(rng, draw_look(rng, "train"), _SIDE).image for _ in range(count))
        return Strangers(images, models.encoder.encode_images(images))

    return kept(models, f"strangers/{count}/{seed}", draw)
