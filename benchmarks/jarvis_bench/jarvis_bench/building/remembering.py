"""An encoder that remembers vectors: the same windows are mined alone, together, and beside others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jarvis_retrievers.encoder import ImageTextEncoder

__all__ = ["RememberingEncoder"]


class RememberingEncoder:
    """Another encoder, each picture and each text encoded once.

    A vector takes 2 KB with 512 dimensions: a thousand photos of a hundred windows take 200 MB.
    """

    def __init__(self, encoder: ImageTextEncoder) -> None:
        self._encoder = encoder
        self._images: dict[bytes, NDArray[np.float32]] = {}
        self._texts: dict[str, NDArray[np.float32]] = {}

    @property
    def dim(self) -> int:
        """That of the encoder."""
        return self._encoder.dim

    @property
    def fingerprint(self) -> str:
        """That of the encoder."""
        return self._encoder.fingerprint

    @property
    def logit_scale(self) -> float | None:
        """That of the encoder; None if it has none."""
        scale: float | None = getattr(self._encoder, "logit_scale", None)
        return scale

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Float32 array (n, dim) of unit rows."""
        keys = [hashlib.sha256(repr(one.size).encode() + one.tobytes()).digest() for one in images]
        new = {key: place for place, key in enumerate(keys) if key not in self._images}
        rows = self._encoder.encode_images([images[place] for place in new.values()])
        self._images.update(zip(new, rows, strict=True))
        return _stacked([self._images[key] for key in keys], self.dim)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Float32 array (n, dim) of unit rows."""
        new = [text for text in dict.fromkeys(texts) if text not in self._texts]
        self._texts.update(zip(new, self._encoder.encode_texts(new), strict=True))
        return _stacked([self._texts[text] for text in texts], self.dim)


def _stacked(rows: Sequence[NDArray[np.float32]], dim: int) -> NDArray[np.float32]:
    return np.stack(rows) if rows else np.empty((0, dim), dtype=np.float32)
