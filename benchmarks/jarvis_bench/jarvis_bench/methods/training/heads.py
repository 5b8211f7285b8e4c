"""Linear detectors over the vectors of an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from jarvis_retrievers.boxes import propose_boxes
from jarvis_retrievers.crops import crop
from jarvis_retrievers.encoder import ImageTextEncoder

__all__ = ["Head", "head_step", "train_head", "views_of"]

Array = NDArray[np.float64]
_SCALES: Final = (1.0, 0.9, 0.8)
_OVERLAP: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Says how likely a picture shows a concept: ``1 / (1 + exp(-(w v + b)))`` of a unit vector v.

    Attributes:
        weight: (dim,) w.
        bias: b.
    """

    weight: Array
    bias: float

    def logits(self, vectors: NDArray[np.float32]) -> Array:
        """(n,) w v + b of vectors (n, dim)."""
        found: Array = vectors.astype(np.float64) @ self.weight + self.bias
        return found

    @property
    def nbytes(self) -> int:
        """As it would be stored, in float32."""
        return 4 * (len(self.weight) + 1)


def head_step(
    weight: Array, bias: float, vectors: Array, labels: Array, decay: float
) -> tuple[float, Array, float]:
    """The loss of a head and its gradient.

    The mean cross-entropy in nats, and ``decay / 2 * |w|^2``.

    Args:
        weight, bias: of the head.
        vectors: (n, dim).
        labels: (n,) 1 or 0.
        decay: weight of the square.

    Returns:
        The loss, its gradient by the weight, and by the bias.
    """
    logits = vectors @ weight + bias
    loss = (np.logaddexp(0, logits) - labels * logits).mean() + 0.5 * decay * weight @ weight
    apart = (1 / (1 + np.exp(-logits)) - labels) / len(labels)
    return float(loss), vectors.T @ apart + decay * weight, float(apart.sum())


def train_head(
    positives: NDArray[np.float32],
    negatives: NDArray[np.float32],
    *,
    steps: int,
    rate: float,
    decay: float,
) -> Head:
    """A head by gradient descent with momentum 0.9 from 0.

    Args:
        positives, negatives: (n, dim) unit vectors, at least one of each.
        steps, rate, decay: of the descent; see `head_step`.
    """
    vectors = np.concatenate([positives, negatives]).astype(np.float64)
    labels = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
    weight, bias = np.zeros(vectors.shape[1]), 0.0
    pace, drift = np.zeros_like(weight), 0.0
    for _ in range(steps):
        _, by_weight, by_bias = head_step(weight, bias, vectors, labels, decay)
        pace, drift = 0.9 * pace - rate * by_weight, 0.9 * drift - rate * by_bias
        weight, bias = weight + pace, bias + drift
    return Head(weight, bias)


def views_of(
    encoder: ImageTextEncoder,
    images: Sequence[Image.Image],
    side: int,
    *,
    scales: Sequence[float] = _SCALES,
    overlap: float = _OVERLAP,
    mirrored: bool = True,
) -> NDArray[np.float32]:
    """(n, dim) unit vectors of windows of pictures, and of their mirror images.

    Args:
        encoder: makes the vectors.
        images: RGB.
        side: windows reach the encoder as squares of so many pixels.
        scales, overlap: of the windows, as `propose_boxes` has them.
        mirrored: whether mirror images are among them.
    """
    crops = [
        crop(image, box, side)
        for image in images
        for box in propose_boxes(image.width, image.height, scales, overlap)
    ]
    return encoder.encode_images([*crops, *(ImageOps.mirror(one) for one in crops)] if mirrored else crops)
