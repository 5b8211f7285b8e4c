"""A picture small enough to be kept in the state of a conversation."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Self

from pydantic import field_validator

from jarvis_retrievers.errors import ImageError
from jarvis_retrievers.images import encode_png, load_image

from .settings import Settings
from .value import Value

if TYPE_CHECKING:
    from PIL import Image

    from jarvis_memory.intake import Photo

__all__ = ["Picture"]


class Picture(Value):
    """An RGB picture without metadata.

    Attributes:
        png: PNG bytes in base64.
    """

    png: str

    @field_validator("png")
    @classmethod
    def _decodes(cls, png: str) -> str:
        try:
            base64.b64decode(png, validate=True)
        except binascii.Error as error:
            raise ValueError("png must be base64") from error
        return png

    @classmethod
    def of(cls, source: Photo, settings: Settings) -> Self:
        """A picture made small enough: its sides are halved until it fits.

        Raises:
            ImageError: what cannot be used as an image.
        """
        image = load_image(source)
        longer = max(image.size)
        if longer > settings.picture_side:
            image = _scaled(image, settings.picture_side / longer)
        data = encode_png(image)
        while len(data) > settings.picture_bytes:
            if max(image.size) < 32:
                raise ImageError(
                    f"a picture does not fit picture_bytes={settings.picture_bytes:,}; allow more bytes"
                )
            image = _scaled(image, 0.5)
            data = encode_png(image)
        return cls(png=base64.b64encode(data).decode("ascii"))

    @property
    def image(self) -> Image.Image:
        """The picture, RGB."""
        return load_image(base64.b64decode(self.png))


def _scaled(image: Image.Image, factor: float) -> Image.Image:
    width, height = (max(1, round(side * factor)) for side in image.size)
    return image.resize((width, height))
