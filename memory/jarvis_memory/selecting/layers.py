"""Which layers of a model look at what they speak of, measured on photos whose subject is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict

from jarvis_retrievers.errors import InputError

from ..vlm import VLM
from .tokens import even_tokens, strongest_tokens

__all__ = ["CalibrationPhoto", "LayerScores", "calibrate", "middle_layers"]

_HALF = 128


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationPhoto:
    """A photo of one subject.

    Attributes:
        image: RGB.
        mask: mode L, as large: 255 where the subject is, 0 elsewhere.
        name: how it is called.
        words: what is to be said of it.
    """

    image: Image.Image
    mask: Image.Image
    name: str
    words: tuple[str, ...]


class LayerScores(BaseModel):
    """What calibrating found.

    Attributes:
        fingerprint: of the model; it holds for no other.
        layers: those that are used, ascending.
        overlaps: of each layer the mean intersection over union of its strongest tokens with the mask.
        even: the same of as many evenly spread tokens.
        photos: how many photos were looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fingerprint: str
    layers: tuple[int, ...]
    overlaps: tuple[float, ...]
    even: float
    photos: int


def calibrate(
    vlm: VLM, photos: Iterable[CalibrationPhoto], seen: Callable[[int], None] = lambda count: None
) -> LayerScores:
    """Rank layers by how much of what they attend to is the subject, and choose the best quarter.

    Of each photo as many tokens are taken as lie in the mask (half of their cell or more), so that a perfect
    layer has an overlap of 1 (Ego, arXiv 2603.09771, section 3.3, which takes the K strongest).

    Args:
        vlm: the model.
        photos: with the mask of their subject.
        seen: called with the number of photos done.

    Raises:
        InputError: there is no photo, or none with a token in its mask.
        UnsupportedModelError: the attention of this model cannot be looked at.
    """
    sight = vlm.sight
    overlaps: list[list[float]] = []
    even: list[float] = []
    for number, photo in enumerate(photos, start=1):
        rows, columns, _ = sight.cells(photo.image)
        truth = _inside(photo.mask, rows, columns)
        if truth:
            attention = sight.attention(photo.image, photo.name, photo.words)[:, : rows * columns]
            best = (strongest_tokens(layer, len(truth)) for layer in attention.tolist())
            overlaps.append([_overlap(truth, tokens) for tokens in best])
            even.append(_overlap(truth, even_tokens(rows, columns, len(truth))))
        seen(number)
    if not overlaps:
        raise InputError("calibrating needs photos whose mask covers at least one token, got none")
    mean: NDArray[np.float64] = np.mean(overlaps, axis=0)
    count = ceil(len(mean) / 4)
    ranked = sorted(range(len(mean)), key=lambda i: (-mean[i], i))
    return LayerScores(
        fingerprint=vlm.fingerprint,
        layers=tuple(sorted(ranked[:count])),
        overlaps=tuple(float(value) for value in mean),
        even=float(np.mean(even)),
        photos=len(overlaps),
    )


def middle_layers(layers: int) -> tuple[int, ...]:
    """The middle third of so many layers: where nothing was measured."""
    first = layers // 3
    return tuple(range(first, max(first + 1, layers - first)))


def _inside(mask: Image.Image, rows: int, columns: int) -> frozenset[int]:
    cells = np.asarray(mask.resize((columns, rows), Image.Resampling.BOX)).reshape(-1)
    return frozenset(int(i) for i in np.flatnonzero(cells >= _HALF))


def _overlap(truth: frozenset[int], tokens: Sequence[int]) -> float:
    return len(truth & set(tokens)) / len(truth | set(tokens))
