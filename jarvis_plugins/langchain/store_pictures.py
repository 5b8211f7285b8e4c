"""Pictures that values of a store point to: only those that whoever opened it has allowed."""

from __future__ import annotations

import os
from collections.abc import Callable

from PIL import Image

from jarvis_retrievers.errors import ImageError
from jarvis_retrievers.images import load_image
from jarvis_retrievers.sources import ImagePolicy

__all__ = ["PictureReferences"]


class PictureReferences:
    """Reads ``photo:<id>``, ``data:image/...;base64,...`` and, with a root, paths under it.

    A model may have written the value, so that no other file is opened and no address is followed.

    Args:
        photo: the bytes of a photo of the owner's concepts, by id.
        root: a folder whose files may be read (``image_root``); None for none.
    """

    def __init__(self, photo: Callable[[str], bytes], root: str | os.PathLike[str] | None = None) -> None:
        self._photo, self._policy = photo, ImagePolicy(root=root)

    def load(self, reference: str) -> Image.Image:
        """The picture.

        Raises:
            ImageError: it is not allowed, not there, or no image.
            UnknownConceptError: there is no such photo.
        """
        if reference.startswith("photo:"):
            return load_image(self._photo(reference.removeprefix("photo:")))
        try:
            return self._policy.load(reference)
        except ImageError as error:
            raise ImageError(
                f"the picture of an item (photo:, data:, or a path under image_root): {error}"
            ) from error
