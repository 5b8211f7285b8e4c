"""`FaissVectorStore`: documents and pictures, searched exactly, filtered first, saved without pickle."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from jarvis_plugins.common.snapshot import Snapshot, read_snapshot, write_snapshot
from jarvis_retrievers.errors import InputError

from .document_table import DocumentTable, documents_of, rows_of
from .filters import Filter, document_filter
from .picture_documents import PictureDocuments

__all__ = ["FaissVectorStore"]

Scored = list[tuple[Document, float]]


class FaissVectorStore(PictureDocuments, VectorStore):
    """A vector store in memory on FAISS. Threads may share it.

    Scores are cosines from -1 to 1, higher is better; relevance scores are ``(1 + cosine) / 2``. A filter
    (see `document_filter`) is applied before the search, so that k documents come back when k match. The
    methods with an ``a`` before their name do not block the event loop.

    Args:
        embedding: any LangChain embeddings. Pictures need one with ``embed_images``, such as
            `OpenCLIPEmbeddings`.
    """

    def __init__(self, embedding: Embeddings) -> None:
        if not isinstance(embedding, Embeddings):
            raise InputError(
                f"embedding must be LangChain Embeddings, got {type(embedding).__name__}; "
                "try OpenCLIPEmbeddings()"
            )
        self._embedding = embedding
        self._table = DocumentTable()

    @property
    def embeddings(self) -> Embeddings:
        """What makes the vectors."""
        return self._embedding

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self._table)

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """A store of these texts; see `add_texts`."""
        _refuse(kwargs)
        store = cls(embedding)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    async def afrom_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """`from_texts` without blocking."""
        _refuse(kwargs)
        store = cls(embedding)
        await store.aadd_texts(texts, metadatas, ids=ids)
        return store

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Add texts, with metadata for each if given; see `add_documents`."""
        return self.add_documents(documents_of(texts, metadatas), ids=ids, **kwargs)

    async def aadd_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """`add_texts` without blocking."""
        return await self.aadd_documents(documents_of(texts, metadatas), ids=ids, **kwargs)

    def add_documents(
        self, documents: list[Document], *, ids: list[str] | None = None, **kwargs: Any
    ) -> list[str]:
        """Add documents, in place of those with the same ids; all of them or none.

        Args:
            documents: they are copied. Metadata must be what JSON can hold.
            ids: by default ``Document.id`` of each, and a random one where there is none.

        Returns:
            The ids, in order.

        Raises:
            InputError: wrong number of ids, an unusable id, or metadata that JSON cannot hold.
        """
        _refuse(kwargs)
        rows = rows_of(documents, ids)
        self._table.put(rows, self._embedding.embed_documents([row.text for row in rows]) if rows else [])
        return [row.id for row in rows]

    async def aadd_documents(
        self, documents: list[Document], *, ids: list[str] | None = None, **kwargs: Any
    ) -> list[str]:
        """`add_documents` without blocking."""
        _refuse(kwargs)
        rows = rows_of(documents, ids)
        vectors = await self._embedding.aembed_documents([row.text for row in rows]) if rows else []
        await asyncio.to_thread(self._table.put, rows, vectors)
        return [row.id for row in rows]

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Delete documents by id, all of them for None; unknown ids are passed over. Returns True."""
        _refuse(kwargs)
        if isinstance(ids, str):
            raise InputError(f"ids must be a list, got the text {ids!r:.60}; put it in a list")
        self._table.drop(ids)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of these ids in this order; unknown ids are passed over."""
        return self._table.documents(ids)

    def similarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4, filter: Filter | None = None, **kwargs: Any
    ) -> Scored:
        """The k documents nearest to a vector that match the filter, with cosines, falling.

        Raises:
            InputError: ``k`` below 1, a vector of another length, a filter that cannot be.
        """
        _refuse(kwargs)
        return self._table.near_documents(embedding, k, document_filter(filter))

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, filter: Filter | None = None, **kwargs: Any
    ) -> list[Document]:
        """`similarity_search_with_score_by_vector` without the scores."""
        return _plain(self.similarity_search_with_score_by_vector(embedding, k, filter, **kwargs))

    def similarity_search_with_score(
        self, query: str, k: int = 4, filter: Filter | None = None, **kwargs: Any
    ) -> Scored:
        """The k documents nearest to a text that match the filter, with cosines, falling."""
        test = _checked(filter, kwargs)
        return self._table.near_documents(self._embedding.embed_query(query), k, test)

    async def asimilarity_search_with_score(
        self, query: str, k: int = 4, filter: Filter | None = None, **kwargs: Any
    ) -> Scored:
        """`similarity_search_with_score` without blocking."""
        test = _checked(filter, kwargs)
        vector = await self._embedding.aembed_query(query)
        return await asyncio.to_thread(self._table.near_documents, vector, k, test)

    def similarity_search(
        self, query: str, k: int = 4, filter: Filter | None = None, **kwargs: Any
    ) -> list[Document]:
        """The k documents nearest to a text that match the filter."""
        return _plain(self.similarity_search_with_score(query, k, filter, **kwargs))

    async def asimilarity_search(
        self, query: str, k: int = 4, filter: Filter | None = None, **kwargs: Any
    ) -> list[Document]:
        """`similarity_search` without blocking."""
        return _plain(await self.asimilarity_search_with_score(query, k, filter, **kwargs))

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """k of the ``fetch_k`` nearest that match the filter, near to the vector and unlike each other.

        At least k are fetched; ``lambda_mult`` is from 0 (unlike each other) to 1 (near to the vector).
        """
        test = _checked(filter, kwargs)
        return self._table.mmr_documents(embedding, k, fetch_k, lambda_mult, test)

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """`max_marginal_relevance_search_by_vector` of a text."""
        test = _checked(filter, kwargs)
        return self._table.mmr_documents(self._embedding.embed_query(query), k, fetch_k, lambda_mult, test)

    async def amax_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """`max_marginal_relevance_search` without blocking."""
        test = _checked(filter, kwargs)
        vector = await self._embedding.aembed_query(query)
        return await asyncio.to_thread(self._table.mmr_documents, vector, k, fetch_k, lambda_mult, test)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write everything into a folder, in place of what was saved there before.

        The folder is made if it is missing. A process that is killed meanwhile leaves the old state or the
        new one. Nothing in it is code: documents are JSON lines, vectors are safetensors.

        Raises:
            SettingError: ``folder`` is a file. StoreError: no room, or no permission.
        """
        rows, vectors = self._table.dump()
        write_snapshot(Path(folder).expanduser(), Snapshot(rows, vectors, _maker(self._embedding)))

    @classmethod
    def load(cls, folder: str | os.PathLike[str], embedding: Embeddings) -> Self:
        """A store as it was saved. All files are compared with their digests before they are parsed.

        Raises:
            SettingError: there is none, or other embeddings made its vectors.
            HomeFormatError: a newer version wrote it. CorruptRecordError: a file is damaged.
        """
        store, found = cls(embedding), read_snapshot(Path(folder).expanduser())
        found.check_maker(_maker(embedding), folder)
        store._table.put(found.rows, found.vectors)
        return store

    async def asave(self, folder: str | os.PathLike[str]) -> None:
        """`save` in a thread."""
        await asyncio.to_thread(self.save, folder)

    @classmethod
    async def aload(cls, folder: str | os.PathLike[str], embedding: Embeddings) -> Self:
        """`load` in a thread."""
        return await asyncio.to_thread(cls.load, folder, embedding)

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda cosine: min(1.0, max(0.0, (1.0 + cosine) / 2.0))


def _maker(embedding: Embeddings) -> str:  # "" if it cannot be told
    return str(getattr(embedding, "fingerprint", ""))


def _plain(scored: Scored) -> list[Document]:
    return [document for document, _ in scored]


def _checked(filter: Filter | None, more: Mapping[str, Any]) -> Callable[[Document], bool] | None:
    _refuse(more)
    return document_filter(filter)


def _refuse(more: Mapping[str, Any]) -> None:
    """Say so, as an option that is misspelled and ignored gives answers that look right."""
    if more:
        raise InputError(f"there is no option {', '.join(more)}; did you mean filter, k, ids or fetch_k?")
