"""Pictures to the numbers that an image tower takes: many at once where nothing has to be resized."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from PIL import Image as Images
from torchvision.transforms import Compose, Normalize

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["PixelBatch"]

_PROBE: Final = 64


class PixelBatch:
    """An evaluation transform, applied to many pictures.

    Pictures that are RGB and have the size already that it makes of all are only scaled and normalised, which
    is done with all of them at once, to the same bits. That this is all that it does to them is tried on a
    picture of random pixels; where it is not, each picture is transformed by itself.

    Args:
        transform: Pillow image -> tensor (3, h, w), such as open_clip's ``preprocess``.
    """

    def __init__(self, transform: Callable[[Image], torch.Tensor]) -> None:
        self._transform = transform
        self._size: tuple[int, int] | None = None
        self._mean = self._std = torch.zeros(0)
        last: Any = transform.transforms[-1] if isinstance(transform, Compose) else None
        if not isinstance(last, Normalize):
            return
        self._mean, self._std = (
            torch.as_tensor(values, dtype=torch.float32).view(-1, 1, 1) for values in (last.mean, last.std)
        )
        height, width = transform(_random(_PROBE, _PROBE)).shape[-2:]
        probe = _random(width, height)
        if torch.equal(self._together([probe])[0], transform(probe)):
            self._size = (width, height)

    def __call__(self, images: Sequence[Image]) -> torch.Tensor:
        """(n, 3, h, w) float32 of at least one picture."""
        rgb = [image if image.mode == "RGB" else image.convert("RGB") for image in images]
        if self._size is not None and all(image.size == self._size for image in rgb):
            return self._together(rgb)
        return torch.stack([self._transform(image) for image in rgb])

    def _together(self, images: Sequence[Image]) -> torch.Tensor:
        # The operations of torchvision's ToTensor and Normalize, in their order.
        values = torch.from_numpy(np.stack([np.asarray(image) for image in images]))
        numbers = values.permute(0, 3, 1, 2).contiguous().float().div_(255)
        return numbers.sub_(self._mean).div_(self._std)


def _random(width: int, height: int) -> Image:
    """Random pixels, the same every time."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Images.fromarray(pixels)
