"""Images as the numbers that the vision tower takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from jarvis_retrievers.errors import ImageError, SettingError

from .settings import ImageSettings

__all__ = ["ImageEncoder", "Pixels"]


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Images as the numbers that the vision tower takes.

    Attributes:
        values: (cells, numbers per cell) of all images, one image after the other.
        grid: (images, 3) time, height and width of each image in cells.
    """

    values: torch.Tensor
    grid: torch.Tensor

    def tokens(self, merge: int) -> list[int]:
        """How many tokens each image has, where ``merge`` x ``merge`` cells make one."""
        return [int(n) // merge**2 for n in self.grid.prod(dim=1)]

    @staticmethod
    def join(pixels: Sequence[Pixels]) -> Pixels | None:
        """Several lots as one, in order; ``None`` of none."""
        if not pixels:
            return None
        return Pixels(torch.cat([p.values for p in pixels]), torch.cat([p.grid for p in pixels]))


class ImageEncoder:
    """Resizes and normalises patches and the images of questions with the model's own image processor.

    Args:
        image_processor: Of a Qwen-style processor: ``patch_size``, ``merge_size``, ``size`` in pixels.
        settings: How large images are made.

    Raises:
        SettingError: ``patch_side`` is no multiple of the side of one image token.
    """

    def __init__(self, image_processor: Any, settings: ImageSettings) -> None:
        self._processor = image_processor
        self._settings = settings
        factor = int(image_processor.patch_size) * int(image_processor.merge_size)
        if settings.patch_side % factor:
            raise SettingError(
                f"patch_side is a multiple of {factor}, the side of one image token, "
                f"got {settings.patch_side}; change it in the jarvis.json of the model."
            )
        self._least = factor * factor

    def patches(self, images: Sequence[Image.Image]) -> Pixels:
        """Patches, each resized to the square of ``patch_side`` (bicubic); at least one."""
        side = self._settings.patch_side
        square = [
            _rgb(image).resize((side, side), Image.Resampling.BICUBIC)
            if image.size != (side, side)
            else _rgb(image)
            for image in images
        ]
        # The processor's own limits may be wider or narrower than a patch; it shall not resize once more.
        return self._run(square, {"shortest_edge": self._least, "longest_edge": side * side})

    def question(self, images: Sequence[Image.Image]) -> Pixels:
        """Images of a question in their own proportions, within ``question_pixels``; at least one."""
        most = self._settings.question_pixels
        if most is None:
            return self._run([_rgb(image) for image in images], None)
        least = min(int(self._processor.size["shortest_edge"]), most)
        return self._run([_rgb(image) for image in images], {"shortest_edge": least, "longest_edge": most})

    def _run(self, images: list[Image.Image], size: dict[str, int] | None) -> Pixels:
        options = {} if size is None else {"size": size}
        try:
            made = self._processor(images=images, return_tensors="pt", **options)
        except ValueError as error:
            raise ImageError(f"An image cannot be shown to the model: {error}.") from error
        return Pixels(made["pixel_values"], made["image_grid_thw"])


def _rgb(image: Image.Image) -> Image.Image:
    if not isinstance(image, Image.Image):
        raise ImageError(f"An image is a PIL image, got {type(image).__name__}.")
    if 0 in image.size:
        raise ImageError(f"An image has at least one pixel, got the size {image.size}.")
    try:
        return image.convert("RGB")
    except OSError as error:
        raise ImageError(f"An image cannot be read: {error}.") from error
