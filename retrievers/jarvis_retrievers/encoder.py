"""The contract of every image-text encoder: pictures and words in one space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["ImageTextEncoder"]


@runtime_checkable
class ImageTextEncoder(Protocol):
    """Maps images and texts to unit vectors whose inner product says how well they go together.

    Vectors of two encoders with different ``fingerprint`` must never be compared.
    """

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same input may give another vector: model, weights or preprocessing."""
        ...

    def encode_images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Float32 array (n, dim) of unit rows; (0, dim) for no images."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Float32 array (n, dim) of unit rows; (0, dim) for no texts. Text is data: no control tokens."""
        ...
