"""`OpenCLIPEmbeddings`: texts and pictures in one space, for anything in LangChain that takes embeddings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from langchain_core.embeddings import Embeddings

from jarvis_plugins.common.clip import Clip, ImageInput
from jarvis_retrievers.encoder import ImageTextEncoder

__all__ = ["ImageInput", "OpenCLIPEmbeddings"]


class OpenCLIPEmbeddings(Embeddings):
    """Unit vectors of texts and of pictures; their inner product says how well they go together.

    Threads may share it. Weights are loaded when the first vector is asked for, once. The methods with an
    ``a`` before their name work in a thread, so that the event loop goes on.

    Args:
        model: "pocket" (ships with the package), ``"ARCHITECTURE/TAG"`` of open_clip, a folder, or any
            `ImageTextEncoder`.
        device: "cpu", "cuda"; by default the best there is. Of no meaning for an encoder that is loaded.
        batch_size: texts or images per forward, at least 1. Of no meaning for an encoder that is loaded.

    Raises:
        InputError: ``model`` is neither a name nor an encoder. An unknown name is told when it is loaded,
            with SettingError.
    """

    def __init__(
        self,
        model: str | ImageTextEncoder = "pocket",
        *,
        device: str | None = None,
        batch_size: int = 64,
    ) -> None:
        self._clip = Clip(model, device, batch_size)

    @property
    def encoder(self) -> ImageTextEncoder:
        """What makes the vectors; loaded now if it was not yet.

        Raises:
            SettingError: a model that is unknown, missing or broken, or a device that is not there.
        """
        return self._clip.encoder

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.encoder.dim

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same input may give another vector."""
        return self.encoder.fingerprint

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One unit vector for each text; a text longer than the model's context is cut.

        Raises:
            InputError: one string where a list is meant, or something in it that is no text.
        """
        return self._clip.texts(texts)

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a text, in the same space as those of documents and of pictures."""
        return self.embed_documents([text])[0]

    def embed_images(self, images: Sequence[ImageInput]) -> list[list[float]]:
        """One unit vector for each picture.

        Raises:
            InputError: one picture where a list is meant.
            ImageError: a picture that is missing, broken, too large, or no JPEG, PNG or WEBP.
        """
        return self._clip.images(images)

    def embed_image(self, image: ImageInput) -> list[float]:
        """The unit vector of one picture; see `embed_images`."""
        return self.embed_images([image])[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """`embed_documents` in a thread."""
        return await asyncio.to_thread(self.embed_documents, texts)

    async def aembed_query(self, text: str) -> list[float]:
        """`embed_query` in a thread."""
        return await asyncio.to_thread(self.embed_query, text)

    async def aembed_images(self, images: Sequence[ImageInput]) -> list[list[float]]:
        """`embed_images` in a thread."""
        return await asyncio.to_thread(self.embed_images, images)

    async def aembed_image(self, image: ImageInput) -> list[float]:
        """`embed_image` in a thread."""
        return await asyncio.to_thread(self.embed_image, image)
