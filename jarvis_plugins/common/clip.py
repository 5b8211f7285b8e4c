"""`Clip`: an encoder that is loaded when the first vector is asked for, and takes what users have."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Final

from PIL import Image

from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.images import load_image

__all__ = ["Clip", "ImageInput"]

ImageInput = str | os.PathLike[str] | bytes | Image.Image
"""A path, the bytes of an image file, or an image."""

# Photos are decoded so many at a time: hundreds of them decoded at once would not fit into memory.
_DECODED: Final = 32


class Clip:
    """Unit vectors of texts and pictures in one space. Threads may share it.

    Args:
        model: "pocket" (ships with the package), ``"ARCHITECTURE/TAG"`` of open_clip, a folder, or any
            `ImageTextEncoder`.
        device: "cpu", "cuda"; by default the best there is. Of no meaning for an encoder that is loaded.
        batch_size: texts or images per forward, at least 1. Of no meaning for an encoder that is loaded.

    Raises:
        InputError: ``model`` is neither a name nor an encoder.
    """

    def __init__(
        self, model: str | ImageTextEncoder = "pocket", device: str | None = None, batch_size: int = 64
    ) -> None:
        if not isinstance(model, (str, ImageTextEncoder)):
            raise InputError(
                f"model must be a name or an ImageTextEncoder, got {type(model).__name__}; try 'pocket'"
            )
        self._model, self._device, self._batch_size = model, device, batch_size
        self._loaded: ImageTextEncoder | None = None
        self._lock = threading.Lock()

    @property
    def encoder(self) -> ImageTextEncoder:
        """What makes the vectors; loaded now if it was not yet.

        Raises:
            SettingError: a model that is unknown, missing or broken, or a device that is not there.
        """
        with self._lock:
            if self._loaded is None:
                if isinstance(self._model, str):
                    from jarvis_retrievers.openclip import OpenCLIPEncoder  # torch is heavy

                    self._loaded = OpenCLIPEncoder.load(self._model, self._device, self._batch_size)
                else:
                    self._loaded = self._model
            return self._loaded

    def texts(self, texts: Sequence[str]) -> list[list[float]]:
        """One unit vector for each text; a text longer than the model's context is cut.

        Raises:
            InputError: one string where a list is meant, or something in it that is no text.
        """
        if isinstance(texts, str):
            raise InputError(f"texts must be a list, got one string {texts[:40]!r}; put it in a list")
        for text in texts:
            if not isinstance(text, str):
                raise InputError(
                    f"texts must be strings, got {type(text).__name__}; use embed_images for pictures"
                )
        rows: list[list[float]] = self.encoder.encode_texts(texts).tolist()
        return rows

    def images(self, images: Sequence[ImageInput]) -> list[list[float]]:
        """One unit vector for each picture.

        Raises:
            InputError: one picture where a list is meant.
            ImageError: a picture that is missing, broken, too large, or no JPEG, PNG or WEBP.
        """
        if isinstance(images, (str, bytes, os.PathLike, Image.Image)):
            raise InputError("images must be a list, got one image; use embed_image for it")
        rows: list[list[float]] = []
        for start in range(0, len(images), _DECODED):
            some = [load_image(image) for image in images[start : start + _DECODED]]
            rows += self.encoder.encode_images(some).tolist()
        return rows
