"""`OpenCLIPEmbedding`: texts and pictures in one space, for anything in LlamaIndex that takes embeddings."""

from __future__ import annotations

import asyncio
import os
from io import BytesIO
from typing import Any

from llama_index.core.embeddings import MultiModalEmbedding
from llama_index.core.schema import ImageType
from pydantic import PrivateAttr

from jarvis_plugins.common.clip import Clip, ImageInput
from jarvis_retrievers.encoder import ImageTextEncoder
from jarvis_retrievers.sources import ImagePolicy

__all__ = ["OpenCLIPEmbedding"]


class OpenCLIPEmbedding(MultiModalEmbedding):
    """Unit vectors of texts and of pictures; their inner product says how well they go together.

    Threads may share it. Weights are loaded when the first vector is asked for, once, and again in a process
    that it was sent to. The async methods work in a thread, so that the event loop goes on. A picture is a
    path, the bytes of an image file (also as ``BytesIO``) or an image; an address is never followed.

    Attributes:
        model_name: "pocket" (ships with the package), ``"ARCHITECTURE/TAG"`` of open_clip, or a folder; what
            an encoder calls itself, if one is given.
        device: "cpu", "cuda"; by default the best there is.
        embed_batch_size: texts or images per forward.
        image_root: a folder whose files alone may be read; None for any path.
    """

    device: str | None = None
    image_root: str | None = None
    _clip: Clip = PrivateAttr()

    def __init__(
        self,
        model_name: str | ImageTextEncoder = "pocket",
        *,
        device: str | None = None,
        embed_batch_size: int = 64,
        image_root: str | os.PathLike[str] | None = None,
        **more: Any,
    ) -> None:
        """Name a model, or give any `ImageTextEncoder`.

        Raises:
            InputError: neither a name nor an encoder. An unknown name is told when it is loaded, with
                SettingError.
        """
        clip = Clip(model_name, device, embed_batch_size)
        if not isinstance(model_name, str):
            model_name = str(getattr(model_name, "name", "") or type(model_name).__name__)
        root = None if image_root is None else os.fspath(image_root)
        own: dict[str, Any] = {"device": device, "image_root": root, "embed_batch_size": embed_batch_size}
        super().__init__(model_name=model_name, **own, **more)
        self._clip = clip

    @classmethod
    def class_name(cls) -> str:
        """Name for serialisation."""
        return "OpenCLIPEmbedding"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._clip.encoder.dim

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same input may give another vector."""
        return self._clip.encoder.fingerprint

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._clip.texts([query])[0]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._clip.texts([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._clip.texts(texts)

    def _get_image_embedding(self, img_file_path: ImageType) -> list[float]:
        return self._get_image_embeddings([img_file_path])[0]

    def _get_image_embeddings(self, img_file_paths: list[ImageType]) -> list[list[float]]:
        return self._clip.images([self._image(image) for image in img_file_paths])

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, text)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)

    async def _aget_image_embedding(self, img_file_path: ImageType) -> list[float]:
        return await asyncio.to_thread(self._get_image_embedding, img_file_path)

    async def _aget_image_embeddings(self, img_file_paths: list[ImageType]) -> list[list[float]]:
        return await asyncio.to_thread(self._get_image_embeddings, img_file_paths)

    def _image(self, given: ImageType | ImageInput) -> ImageInput:
        if isinstance(given, BytesIO):
            return given.getvalue()
        if self.image_root is not None and isinstance(given, (str, os.PathLike)):
            return ImagePolicy(root=self.image_root).from_path(given)
        return given
