"""Vectors of regions of pictures that were asked about lately, so that they are not encoded again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .boxes import Box
from .errors import SettingError

__all__ = ["REGION_BYTES", "PictureKey", "RegionCache", "SeenPicture"]

REGION_BYTES: Final = 8 * 2**20
"""Bytes of all pictures' vectors together."""
# Of a region besides its vector: the box, the key, the array around the numbers.
_OVERHEAD: Final = 400

PictureKey = tuple[str, str, str, int]
"""Owner, digest of the pixels, fingerprint of the encoder, and side of the squares that reach it."""
Regions = Mapping[tuple[Box, bool], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class SeenPicture:
    """What is known of one picture.

    Attributes:
        vectors: (dim,) of each region that was encoded; True for its mirror image.
        boxes: what a detector found in it; None if it was never asked.
    """

    vectors: Regions = field(default_factory=dict)
    boxes: tuple[Box, ...] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes it takes, about."""
        return sum(row.nbytes + _OVERHEAD for row in self.vectors.values())


class RegionCache:
    """The pictures asked about last, within a number of bytes. Threads may share it.

    Vectors depend on the picture and the encoder alone, not on who is remembered, so a change of the memory
    does not make them wrong. But they tell of a picture: whoever forgets something clears them.

    Args:
        most: bytes; the picture asked about longest ago goes first.

    Raises:
        SettingError: ``most`` is negative.
    """

    def __init__(self, most: int = REGION_BYTES) -> None:
        if most < 0:
            raise SettingError(f"vectors of regions take 0 bytes or more, got {most}")
        self._most = most
        self._seen: OrderedDict[PictureKey, SeenPicture] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._seen)

    @property
    def nbytes(self) -> int:
        """Bytes of all of them, about."""
        with self._lock:
            return sum(one.nbytes for one in self._seen.values())

    def get(self, key: PictureKey) -> SeenPicture:
        """What is known of a picture; nothing, if it was never asked about."""
        with self._lock:
            if key in self._seen:
                self._seen.move_to_end(key)
            return self._seen.get(key, SeenPicture())

    def put(self, key: PictureKey, seen: SeenPicture) -> None:
        """Keep what is known of a picture, in place of what was known."""
        with self._lock:
            self._seen[key] = seen
            self._seen.move_to_end(key)
            total = sum(one.nbytes for one in self._seen.values())
            while total > self._most:
                _, gone = self._seen.popitem(last=False)
                total -= gone.nbytes

    def clear(self, owner: str | None = None) -> None:
        """Drop the pictures of an owner, or all."""
        with self._lock:
            for key in [key for key in self._seen if owner is None or key[0] == owner]:
                del self._seen[key]
