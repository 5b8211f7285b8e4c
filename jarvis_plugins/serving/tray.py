"""Pictures that a visitor has brought, checked and held until they are used."""

from __future__ import annotations

import io
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    """At most ``most`` pictures of at most ``file_bytes`` each. Threads may share it."""

    def __init__(self, most: int, file_bytes: int) -> None:
        self.most, self.file_bytes = most, file_bytes
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._lock, self._kept = threading.Lock(), 0

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """In the order in which they came."""
        with self._lock:
            return tuple(self._pictures.values())

    def add(self, name: str, data: bytes) -> Picture:
        """Check a file and hold it.

        Raises:
            ImageError: no image that can be read, or too large. InputError: the tray is full.
        """
        with self.place() as fill:
            return fill(name, data)

    @contextmanager
    def place(self) -> Iterator[Callable[[str, bytes], Picture]]:
        """A place that is kept until the block ends, for one picture: call it as `add`.

        Raises:
            InputError: the tray is full.
        """
        with self._lock:
            if len(self._pictures) + self._kept >= self.most:
                raise InputError(
                    f"{self.most} pictures at once are the most; send these first, or take one away"
                )
            self._kept += 1
        kept = True

        def fill(name: str, data: bytes) -> Picture:
            nonlocal kept
            picture = self._checked(name, data)
            with self._lock:
                kept, self._kept = False, self._kept - 1
                self._pictures[picture.id] = picture
            return picture

        try:
            yield fill
        finally:
            with self._lock:
                self._kept -= kept

    def _checked(self, name: str, data: bytes) -> Picture:
        called = " ".join(name.split())[:_NAME] or "the picture"
        if len(data) > self.file_bytes:
            raise ImageError(too_large(called, self.file_bytes))
        try:
            image = load_image(data, max_bytes=self.file_bytes)
        except ImageError as error:
            raise ImageError(str(error).replace("the image bytes", repr(called), 1)) from error
        return Picture(secrets.token_urlsafe(18), called, data, preview(image), image.width, image.height)

    def drop(self, key: str) -> None:
        """Take a picture away, if it is there."""
        with self._lock:
            self._pictures.pop(key, None)

    def take(self) -> tuple[Picture, ...]:
        """All pictures; the tray is empty then."""
        with self._lock:
            taken = tuple(self._pictures.values())
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
