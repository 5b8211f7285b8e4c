"""What a vector store of LangChain lacks: pictures, put in and searched with."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from PIL import Image

from jarvis_retrievers.errors import InputError, SettingError

from .document_table import DocumentTable, rows_of
from .embeddings import ImageInput
from .filters import Filter, document_filter

__all__ = ["PictureDocuments", "PictureEmbeddings"]


@runtime_checkable
class PictureEmbeddings(Protocol):
    """Embeddings that know pictures too, such as `OpenCLIPEmbeddings`."""

    def embed_images(self, images: Sequence[ImageInput]) -> list[list[float]]:
        """One vector for each picture, in the space of the texts."""
        ...


class PictureDocuments:
    """What `FaissVectorStore` has for pictures."""

    _table: DocumentTable
    _embedding: Embeddings

    def add_images(
        self,
        images: Sequence[ImageInput],
        metadatas: Sequence[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str] | None = None,
        captions: Sequence[str] | None = None,
    ) -> list[str]:
        """Add pictures: found by their looks, from words and from other pictures.

        The store keeps vectors, not pictures. A picture's document has the caption as its text, and in its
        metadata ``modality: "image"`` and, of a path, ``source``, unless ``metadatas`` says otherwise.

        Args:
            images: paths, bytes of image files, or images.
            metadatas, ids, captions: one for each picture. By default ids are random and captions empty.

        Returns:
            The ids, in order.

        Raises:
            SettingError: the embeddings have no ``embed_images``.
            ImageError: a picture that cannot be read; nothing is added.
            InputError: not as many ids, metadatas or captions as pictures.
        """
        if isinstance(images, (str, bytes, os.PathLike, Image.Image)):
            raise InputError("images must be a list, got one image; put it in a list")
        count = len(images)
        texts = [""] * count if captions is None else list(captions)
        given: Sequence[dict[str, Any]] = [{} for _ in images] if metadatas is None else metadatas
        if len(texts) != count or len(given) != count:
            raise InputError(
                f"{count} images need as many captions and metadatas, got {len(texts)} and {len(given)}"
            )
        documents = [
            Document(page_content=text, metadata=_about(image) | about)
            for image, text, about in zip(images, texts, given, strict=True)
        ]
        rows = rows_of(documents, ids)
        self._table.put(rows, self._pictures.embed_images(images) if rows else [])
        return [row.id for row in rows]

    async def aadd_images(
        self,
        images: Sequence[ImageInput],
        metadatas: Sequence[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str] | None = None,
        captions: Sequence[str] | None = None,
    ) -> list[str]:
        """`add_images` in a thread."""
        return await asyncio.to_thread(self.add_images, images, metadatas, ids=ids, captions=captions)

    def similarity_search_by_image_with_score(
        self, image: ImageInput, k: int = 4, filter: Filter | None = None
    ) -> list[tuple[Document, float]]:
        """The k documents nearest to a picture that match the filter, with cosines, falling.

        Raises:
            SettingError: the embeddings have no ``embed_images``. ImageError: the picture cannot be read.
            InputError: ``k`` below 1, or a filter that cannot be.
        """
        test = document_filter(filter)
        return self._table.near_documents(self._pictures.embed_images([image])[0], k, test)

    def similarity_search_by_image(
        self, image: ImageInput, k: int = 4, filter: Filter | None = None
    ) -> list[Document]:
        """`similarity_search_by_image_with_score` without the scores."""
        return [document for document, _ in self.similarity_search_by_image_with_score(image, k, filter)]

    async def asimilarity_search_by_image_with_score(
        self, image: ImageInput, k: int = 4, filter: Filter | None = None
    ) -> list[tuple[Document, float]]:
        """`similarity_search_by_image_with_score` in a thread."""
        return await asyncio.to_thread(self.similarity_search_by_image_with_score, image, k, filter)

    async def asimilarity_search_by_image(
        self, image: ImageInput, k: int = 4, filter: Filter | None = None
    ) -> list[Document]:
        """`similarity_search_by_image` in a thread."""
        return await asyncio.to_thread(self.similarity_search_by_image, image, k, filter)

    @property
    def _pictures(self) -> PictureEmbeddings:
        if not isinstance(self._embedding, PictureEmbeddings):
            raise SettingError(
                f"pictures need embeddings with embed_images, got {type(self._embedding).__name__}; use "
                "OpenCLIPEmbeddings()"
            )
        return self._embedding


def _about(image: ImageInput) -> dict[str, Any]:
    about: dict[str, Any] = {"modality": "image"}
    if isinstance(image, (str, os.PathLike)):
        about["source"] = os.fspath(image)
    return about
