"""Pictures that values of a store point to: only those that whoever opened it has allowed."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from jarvis_retrievers.errors import ImageError
from jarvis_retrievers.images import MAX_BYTES, load_image

__all__ = ["PictureReferences"]


class PictureReferences:
    """Reads ``photo:<id>``, ``data:image/...;base64,...`` and, with a root, paths under it.

    A model may have written the value, so that no other file is opened and no address is followed.

    Args:
        photo: the bytes of a photo of the owner's concepts, by id.
        root: a folder whose files may be read; None for none.
    """

    def __init__(self, photo: Callable[[str], bytes], root: str | os.PathLike[str] | None = None) -> None:
        self._photo = photo
        self._root = None if root is None else Path(root).expanduser().resolve()

    def load(self, reference: str) -> Image.Image:
        """The picture.

        Raises:
            ImageError: it is not allowed, not there, or no image.
            UnknownConceptError: there is no such photo.
        """
        scheme, colon, rest = reference.partition(":")
        if colon and scheme == "photo":
            return load_image(self._photo(rest))
        if colon and scheme.casefold() == "data":
            return _data(rest)
        # A single letter before a colon is a drive.
        if colon and len(scheme) > 1 and scheme.isalpha():
            raise ImageError(
                f"a picture of an item must be photo:, data: or a path, got {reference[:40]!r}; nothing is "
                "fetched"
            )
        if self._root is None:
            raise ImageError(
                f"the picture {reference[:60]!r} is a path, and no files are read; allow a folder with "
                "image_root"
            )
        try:
            file = (self._root / reference).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ImageError(f"the picture {reference[:60]!r} is no path ({error}); check it") from error
        if not file.is_relative_to(self._root):
            raise ImageError(f"the picture {reference[:60]!r} is not under image_root; move it there")
        return load_image(file)


def _data(rest: str) -> Image.Image:
    head, comma, body = rest.partition(",")
    if not comma or not head.casefold().endswith(";base64"):
        raise ImageError("a picture is a data: URL without base64; write data:image/png;base64,...")
    if len(body) * 3 // 4 > MAX_BYTES + 2:
        raise ImageError(f"a picture in base64 is larger than {MAX_BYTES / 2**20:g} MB; give a smaller one")
    try:
        return load_image(base64.b64decode(body, validate=True))
    except (binascii.Error, ValueError) as error:
        if isinstance(error, ImageError):
            raise
        raise ImageError(f"a picture is not valid base64 ({error}); encode the bytes of the file") from error
