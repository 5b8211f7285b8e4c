"""Heads of several concepts, over the windows of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from .heads import Head, train_head, views_of
from .strangers import draw_strangers

if TYPE_CHECKING:
    from ..models import Models

__all__ = ["seen_by", "train_heads"]

_RATE: Final = 8.0  # vectors have length 1, so that gradients are short
_WINDOWED: Final = 96  # strangers of whom windows are negatives too


def train_heads(
    models: Models, photos: Mapping[str, Sequence[Image.Image]], *, steps: int, decay: float
) -> Mapping[str, Head]:
    """A head for each concept; negatives are the others, and drawn strangers.

    Args:
        models: the encoder.
        photos: of each concept, by name.
        steps, decay: of the training; see `train_head`.
    """
    side, strangers = models.tuning.retriever.side, draw_strangers(models)
    views = {name: views_of(models.encoder, some, side) for name, some in photos.items()}
    strange = np.concatenate(
        [strangers.vectors, views_of(models.encoder, strangers.images[:_WINDOWED], side)]
    )
    return {
        name: train_head(
            own,
            np.concatenate([strange, *(view for other, view in views.items() if other != name)]),
            steps=steps,
            rate=_RATE,
            decay=decay,
        )
        for name, own in views.items()
    }


def seen_by(models: Models, heads: Mapping[str, Head], images: Sequence[Image.Image]) -> dict[str, float]:
    """The highest logit of each head over all windows of some pictures; of no picture there is none."""
    if not images or not heads:
        return {}
    config = models.tuning.retriever
    windows = views_of(
        models.encoder,
        images,
        config.side,
        scales=config.image_scales,
        overlap=config.image_overlap,
        mirrored=False,
    )
    return {name: float(head.logits(windows).max()) for name, head in heads.items()}
