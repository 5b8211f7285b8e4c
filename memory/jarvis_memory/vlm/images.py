"""Images as the numbers that the vision tower takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any, Protocol

import torch
from PIL import Image

from jarvis_retrievers.errors import ImageError, SettingError

from .settings import ImageSettings

__all__ = ["GridEncoder", "ImageEncoder", "Pixels", "TileEncoder"]


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Images as the numbers that the vision tower takes.

    Attributes:
        values: Of all images, one after the other: (cells, numbers per cell), or (images, 3, side, side).
        counts: How many tokens each image has.
        grid: (images, 3) time, height and width of each image in cells, where images have different sizes.
    """

    values: torch.Tensor
    counts: tuple[int, ...]
    grid: torch.Tensor | None = None

    @staticmethod
    def join(pixels: Sequence[Pixels]) -> Pixels | None:
        """Several lots as one, in order; ``None`` of none."""
        if not pixels:
            return None
        grids = [p.grid for p in pixels if p.grid is not None]
        return Pixels(
            torch.cat([p.values for p in pixels]),
            tuple(count for p in pixels for count in p.counts),
            torch.cat(grids) if grids else None,
        )


class ImageEncoder(Protocol):
    """Resizes and normalises images as a family of models wants them."""

    @property
    def side(self) -> int:
        """Side in pixels of the square that a patch is resized to."""

    @property
    def tokens(self) -> int:
        """Tokens of a patch."""

    def patches(self, images: Sequence[Image.Image]) -> Pixels:
        """Patches as squares; at least one."""

    def question(self, images: Sequence[Image.Image]) -> Pixels:
        """Images of a question; at least one."""

    def photos(self, images: Sequence[Image.Image]) -> Pixels:
        """Whole photos of a concept; at least one."""

    def cells(self, pixels: Pixels) -> tuple[tuple[int, int], ...]:
        """Rows and columns in which the tokens of each image stand; those behind them have no place."""


class TileEncoder:
    """Shows every image as one square tile, for models whose vision tower has one size.

    Larger images could be cut into several tiles, at many times the tokens; a crop is what is wanted here.

    Args:
        image_processor: Of the model: ``image_mean`` and ``image_std``.
        side: Side of a tile in pixels.
        tokens: Tokens of a tile.
    """

    def __init__(self, image_processor: Any, side: int, tokens: int) -> None:
        self.side, self.tokens = side, tokens
        self._mean, self._std = (
            torch.tensor(list(numbers)).reshape(3, 1, 1)
            for numbers in (image_processor.image_mean, image_processor.image_std)
        )

    def patches(self, images: Sequence[Image.Image]) -> Pixels:
        """Each image resized to a tile (bicubic)."""
        size = (self.side, self.side)
        made = []
        for image in images:
            square = _rgb(image)
            if square.size != size:
                square = square.resize(size, Image.Resampling.BICUBIC)
            pixels = torch.frombuffer(bytearray(square.tobytes()), dtype=torch.uint8)
            pixels = pixels.reshape(self.side, self.side, 3).permute(2, 0, 1)
            made.append((pixels.float() / 255 - self._mean) / self._std)
        return Pixels(torch.stack(made), (self.tokens,) * len(made))

    def question(self, images: Sequence[Image.Image]) -> Pixels:
        """As patches."""
        return self.patches(images)

    def photos(self, images: Sequence[Image.Image]) -> Pixels:
        """As patches."""
        return self.patches(images)

    def cells(self, pixels: Pixels) -> tuple[tuple[int, int], ...]:
        """Squares; what is left over is a line break."""
        return tuple((isqrt(count), isqrt(count)) for count in pixels.counts)


class GridEncoder:
    """Keeps the proportions of images, with the model's own image processor: for towers that take any size.

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
        self.tokens = (settings.patch_side // factor) ** 2
        self._merge = int(image_processor.merge_size)

    @property
    def side(self) -> int:
        """Side in pixels of the square that a patch is resized to."""
        return self._settings.patch_side

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
        return self._whole(images, self._settings.question_pixels)

    def photos(self, images: Sequence[Image.Image]) -> Pixels:
        """Whole photos of a concept in their own proportions, within ``photo_pixels``; at least one."""
        return self._whole(images, self._settings.photo_pixels)

    def cells(self, pixels: Pixels) -> tuple[tuple[int, int], ...]:
        """Rows and columns of tokens."""
        if pixels.grid is None:
            return ()
        return tuple((int(t * h) // self._merge, int(w) // self._merge) for t, h, w in pixels.grid)

    def _whole(self, images: Sequence[Image.Image], most: int | None) -> Pixels:
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
        grid = made["image_grid_thw"]
        counts = tuple(int(cells) // self._merge**2 for cells in grid.prod(dim=1))
        return Pixels(made["pixel_values"], counts, grid)


def _rgb(image: Image.Image) -> Image.Image:
    if not isinstance(image, Image.Image):
        raise ImageError(f"An image is a PIL image, got {type(image).__name__}.")
    if 0 in image.size:
        raise ImageError(f"An image has at least one pixel, got the size {image.size}.")
    try:
        return image.convert("RGB")
    except OSError as error:
        raise ImageError(f"An image cannot be read: {error}.") from error
