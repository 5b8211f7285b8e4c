"""The pictures of one request."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from PIL import Image

from jarvis_retrievers.errors import ImageError
from jarvis_retrievers.sources import ImagePolicy

from .bounds import Bounds
from .refusal import Refusal

__all__ = ["Pictures"]

# A fetch may take so many times the seconds of its policy (`ImagePolicy`).
_WAITS: Final = 6


class Pictures:
    """Reads the pictures of one request, as long as they are not too much together.

    Args:
        policy: where they may come from besides the request itself.
        bounds: how many, how large and how slow all of them may be.
    """

    def __init__(self, policy: ImagePolicy, bounds: Bounds) -> None:
        self._policy, self._bounds = policy, bounds
        self._left, self._pixels = bounds.pictures, bounds.picture_pixels
        self._end = time.monotonic() + bounds.picture_seconds

    def read(self, url: str, where: str) -> Image.Image:
        """A picture from its address.

        Raises:
            Refusal: it is none, may not be had, or is one too many.
        """
        self._left -= 1
        if self._left < 0:
            raise Refusal(400, "these are too many images; send fewer", param=where)
        left = self._end - time.monotonic()
        if left <= 0:
            said = f"the images took more than {self._bounds.picture_seconds:g} s; give their bytes instead"
            raise Refusal(400, said, param=where, code="invalid_image")
        try:
            image = replace(self._policy, seconds=min(self._policy.seconds, left / _WAITS)).from_url(url)
        except ImageError as error:
            raise Refusal(400, str(error), param=where, code="invalid_image") from error
        # Each alone has its own bound, which is looked at before a pixel is decoded (`load_image`).
        self._pixels -= image.width * image.height
        if self._pixels < 0:
            said = f"all images have more than {self._bounds.picture_pixels:,} pixels; send smaller ones"
            raise Refusal(400, said, param=where, code="invalid_image")
        return image
