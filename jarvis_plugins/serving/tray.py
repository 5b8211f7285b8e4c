"""Pictures that a visitor has brought, checked and held until they are used."""

from __future__ import annotations

import io
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from jarvis_retrievers.errors import ImageError, InputError
from jarvis_retrievers.images import load_image

__all__ = ["Picture", "Tray", "preview"]

_SIDE: Final = 720
_QUALITY: Final = 88
_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture.

    Attributes:
        id: not to be guessed.
        name: as its file is called, to be shown as text.
        data: the file's bytes.
        shown: JPEG bytes, small enough for a page.
        width, height: in pixels, upright.
    """

    id: str
    name: str
    data: bytes = field(repr=False)
    shown: bytes = field(repr=False)
    width: int
    height: int


class Tray:
    """At most ``most`` pictures of at most ``file_bytes`` each."""

    def __init__(self, most: int, file_bytes: int) -> None:
        self.most, self.file_bytes = most, file_bytes
        self._pictures: OrderedDict[str, Picture] = OrderedDict()

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """In the order in which they came."""
        return tuple(self._pictures.values())

    def add(self, name: str, data: bytes) -> Picture:
        """Check a file and hold it.

        Raises:
            ImageError: no image that can be read, or too large. InputError: the tray is full.
        """
        called = " ".join(name.split())[:_NAME] or "the picture"
        self.check_room()
        if len(data) > self.file_bytes:
            raise ImageError(too_large(called, self.file_bytes))
        try:
            image = load_image(data, max_bytes=self.file_bytes)
        except ImageError as error:
            raise ImageError(str(error).replace("the image bytes", repr(called), 1)) from error
        picture = Picture(secrets.token_urlsafe(18), called, data, preview(image), image.width, image.height)
        self._pictures[picture.id] = picture
        return picture

    def check_room(self) -> None:
        """InputError if one more is too many."""
        if len(self._pictures) >= self.most:
            raise InputError(f"{self.most} pictures at once are the most; send these first, or take one away")

    def drop(self, key: str) -> None:
        """Take a picture away, if it is there."""
        self._pictures.pop(key, None)

    def take(self) -> tuple[Picture, ...]:
        """All pictures; the tray is empty then."""
        taken = self.pictures
        self._pictures.clear()
        return taken


def preview(image: Image.Image) -> bytes:
    """JPEG bytes of an image of at most 720 pixels a side; a smaller one keeps its size."""
    small = image.convert("RGB")
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, format="JPEG", quality=_QUALITY)
    return out.getvalue()


def too_large(name: str, most: int) -> str:
    """What is said of a file that is too large."""
    return f"{name!r} is larger than {most / 2**20:g} MB; make it smaller, or take another one"
