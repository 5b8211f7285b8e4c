"""Decoded pictures within a number of bytes: a picture that is asked about every concept is decoded once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cachetools import LRUCache
from PIL import Image

from jarvis_retrievers.errors import DatasetError
from jarvis_retrievers.images import load_image, pixel_digest

from .item import Picture

__all__ = ["SHELF_BYTES", "Shelf"]

SHELF_BYTES: Final = 256 * 1024 * 1024
"""How many bytes of pixels are kept."""


class Shelf:
    """Pictures below a root, each checked against its digest when it is read.

    Args:
        root: the folder of the data set.
        limit: bytes of pixels that are kept.
    """

    def __init__(self, root: Path, limit: int = SHELF_BYTES) -> None:
        self.root = root
        self._kept: LRUCache[str, Image.Image] = LRUCache(limit, getsizeof=_size)

    def image(self, picture: Picture) -> Image.Image:
        """A copy of its own for each call: methods may draw on it.

        Raises:
            DatasetError: the picture has changed, or its path leads out of the root.
            ImageError: it is gone.
        """
        image = self._kept.get(picture.digest)
        if image is None:
            image = load_image(self.inside(picture.path))
            if pixel_digest(image) != picture.digest:
                raise DatasetError(
                    f"{picture.path} is not the picture it was when the data was read; read it again"
                )
            if _size(image) <= self._kept.maxsize:
                self._kept[picture.digest] = image
        return image.copy()

    def inside(self, path: str) -> Path:
        """A file of the data set; links and dots never lead out of its folder.

        Raises:
            DatasetError: they do.
        """
        there = (self.root / path).resolve()
        if not there.is_relative_to(self.root.resolve()):
            raise DatasetError(f"{path!r} leads out of {self.root}; paths of a data set stay below its root")
        return there


def _size(image: Image.Image) -> int:
    return 3 * image.width * image.height
