"""What a picture looks like, in 256 bits: copies that were saved anew or made smaller stay near each other.

The perceptual hash of Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010),
with 16 x 16 in place of 8 x 8 frequencies: the signs of the lowest frequencies of a cosine
transform, against their median.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["BITS", "MIRROR", "NEAR", "look_distance", "look_of"]

_SIDE: Final = 64
_LOW: Final = 16
BITS: Final = _LOW * _LOW
"""Length of a look, in bits."""
MIRROR: Final = 0x55
"""Bits of each byte that a mirror turns over: the odd frequencies along a row change their sign."""
NEAR: Final = 26
"""Looks at most this many bits apart (a tenth) are taken for the same picture."""


@cache
def _cosines() -> NDArray[np.float64]:
    """The lowest rows of the cosine transform (type II), (16, 64)."""
    frequency, place = np.meshgrid(np.arange(_LOW), np.arange(_SIDE), indexing="ij")
    waves: NDArray[np.float64] = np.cos(np.pi * frequency * (2 * place + 1) / (2 * _SIDE))
    return waves


def look_of(image: Image.Image) -> str:
    """The look of an image, as 64 hexadecimal digits."""
    grey = np.asarray(image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float64)
    low = _cosines() @ grey @ _cosines().T
    low[0, 0] = np.median(low)  # the mean brightness says nothing of the picture
    # Rounding: what is zero in a flat picture must not be a coin flip of float64.
    bits = np.round(low, 3) > np.round(np.median(low), 3)
    return np.packbits(bits.ravel()).tobytes().hex()


def look_distance(one: str, other: str) -> int:
    """In how many bits two looks differ, as they are or with one picture mirrored, 0 to 256."""
    apart = int(one, 16) ^ int(other, 16)
    return min(apart.bit_count(), (apart ^ int.from_bytes(bytes([MIRROR]) * (BITS // 8))).bit_count())
