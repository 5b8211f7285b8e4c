"""The reference encoder: colours and nothing else, for tests and for trying things out without a model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .errors import InputError

__all__ = ["ColourEncoder"]

_COLOURS: Final = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "gray": (128, 128, 128),
    "red": (220, 30, 30),
    "green": (30, 160, 50),
    "blue": (40, 70, 220),
    "yellow": (240, 220, 40),
    "orange": (245, 140, 20),
    "purple": (140, 50, 170),
    "pink": (250, 150, 190),
    "brown": (120, 70, 30),
    "cyan": (60, 210, 220),
}
_SAME: Final = {"grey": "gray", "violet": "purple", "turquoise": "cyan", "golden": "yellow", "crimson": "red"}
_GRID: Final = 4
_WORDS: Final = 64
# How quickly a pixel stops counting as a colour, in RGB steps.
_SPREAD: Final = 40.0
_VERSION: Final = "jarvis.colour.v1"


class ColourEncoder:
    """A dependency-free `ImageTextEncoder`: deterministic, no weights, and right about colours.

    A vector has three parts: the square roots of the share of each of 12 named colours (so that the cosine
    of two is their Bhattacharyya coefficient), a 4 x 4 thumbnail without its mean (layout), and 64 hashed
    words (texts only). A colour word sits on its colour: "red" is nearest to the reddest picture.
    """

    def __init__(self) -> None:
        self._names = list(_COLOURS)
        self._palette = np.array([_COLOURS[name] for name in self._names], dtype=np.float64)

    @property
    def dim(self) -> int:
        """Length of a vector: colours, thumbnail, words, and one place for a text without a word."""
        return len(self._names) + 3 * _GRID * _GRID + _WORDS + 1

    @property
    def fingerprint(self) -> str:
        """A constant: there are no weights."""
        return hashlib.sha256(f"{_VERSION}|{_COLOURS}|{_GRID}|{_WORDS}|{_SPREAD}".encode()).hexdigest()

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Float32 array (n, dim) of unit rows."""
        rows = [self._image(image) for image in images]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dim)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Float32 array (n, dim) of unit rows.

        Raises:
            InputError: one string where a sequence of strings is meant.
        """
        if isinstance(texts, str):
            raise InputError(
                f"texts must be a sequence of strings, got one string {texts[:40]!r}; put it in a list"
            )
        rows = [self._text(text) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dim)

    def _image(self, image: Image.Image) -> NDArray[np.float64]:
        small = image.convert("RGB").resize((16, 16), Image.Resampling.BOX)
        pixels = np.asarray(small, dtype=np.float64).reshape(-1, 3)
        square = ((pixels[:, None, :] - self._palette[None, :, :]) ** 2).sum(axis=2)
        # Relative to the nearest colour, so that no pixel is so far from all of them that it counts for none.
        weight = np.exp(-(square - square.min(axis=1, keepdims=True)) / (2 * _SPREAD**2))
        share = (weight / weight.sum(axis=1, keepdims=True)).mean(axis=0)
        thumbnail = np.asarray(small.resize((_GRID, _GRID), Image.Resampling.BOX), dtype=np.float64) / 255.0
        layout = (thumbnail - thumbnail.mean(axis=(0, 1))).ravel()
        row = np.zeros(self.dim)
        row[: len(self._names)] = np.sqrt(share)
        row[len(self._names) : len(self._names) + layout.size] = 0.25 * layout
        return row / np.linalg.norm(row)

    def _text(self, text: str) -> NDArray[np.float64]:
        row = np.zeros(self.dim)
        words = re.findall(r"\w+", text.casefold())
        first = self.dim - 1 - _WORDS
        for word in words:
            colour = _SAME.get(word, word)
            if colour in _COLOURS:
                row[self._names.index(colour)] += 2.0
            else:
                digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
                row[first + int.from_bytes(digest, "little") % _WORDS] += 1.0
        if not words:
            row[-1] = 1.0
        return row / np.linalg.norm(row)
