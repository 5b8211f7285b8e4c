"""`LangChainVectorIndex`: any LangChain vector store as the `VectorIndex` of a memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from langchain_core.documents import Document
from langchain_core.vectorstores import VectorStore

from jarvis_plugins.common.hosted_index import MOST, HostedIndex
from jarvis_plugins.common.sealed_row import row_text
from jarvis_retrievers.errors import SettingError, StoreError

from .row_embeddings import RowEmbeddings

__all__ = ["OWNER_FIELD", "LangChainVectorIndex"]

OWNER_FIELD: Final = "jarvis_owner"
"""The field of metadata that has the tag of an owner."""

Where = Callable[[str], Mapping[str, Any]]
Stores = VectorStore | Callable[[str], VectorStore]


class LangChainVectorIndex(HostedIndex):
    """Vectors in a LangChain store; see `HostedIndex`, and docs/vector_stores.md for what each store keeps.

    ::

        rows = RowEmbeddings(dim=256)
        store = QdrantVectorStore(client, "jarvis", embedding=rows, validate_collection_config=False)
        index = LangChainVectorIndex(store, rows, secret=secret)

    Args:
        store: it must embed with ``rows``, and be able to delete. Or a function that gives each owner a store
            of their own, by a tag of 32 hexadecimal digits.
        rows: what the store embeds with.
        secret: 16 bytes or more, always the same for one store; owners are told to it by an HMAC.
        where: gives the options of a search that finds the documents of a tag alone; by default a filter on
            ``jarvis_owner`` as this store writes one, and none where each owner has a store.
        most: vectors that the store gives at once.

    Raises:
        SettingError: a store that embeds with something else or cannot delete, or a short secret.
    """

    def __init__(
        self,
        store: Stores,
        rows: RowEmbeddings,
        *,
        secret: bytes,
        where: Where | None = None,
        most: int = MOST,
    ) -> None:
        super().__init__(_Documents(store, rows, where), rows.space, secret, most)


class _Documents:
    """`RowStore` of documents: the text is the sealed row, the metadata the tag."""

    def __init__(self, store: Stores, rows: RowEmbeddings, where: Where | None) -> None:
        self._rows, self._where = rows, where
        self._one = _checked(store, rows) if isinstance(store, VectorStore) else None
        self._make = None if isinstance(store, VectorStore) else store
        self._made: dict[str, VectorStore] = {}

    def put(self, tag: str, keys: list[str], texts: list[str], vectors: list[list[float]]) -> None:
        documents = [
            Document(page_content=text, metadata={OWNER_FIELD: tag}, id=key)
            for key, text in zip(keys, texts, strict=True)
        ]
        store = self._store(tag)
        given = [str(one) for one in store.add_documents(documents, ids=keys)]
        if given != keys:
            store.delete(ids=given)
            raise StoreError(
                "the vector store gives ids of its own, so that nothing could be found to delete"
            )

    def drop(self, tag: str, keys: list[str]) -> None:
        if self._store(tag).delete(ids=keys) is False:
            raise StoreError("the vector store says that it did not delete")

    def near(self, tag: str, query: list[float], k: int) -> list[str]:
        store = self._store(tag)
        options = self._options(store, tag)
        if type(store).similarity_search_by_vector is not VectorStore.similarity_search_by_vector:
            found = store.similarity_search_by_vector(query, k=k, **options)
        else:
            row = np.array(query[: self._rows.space.dim], np.float32)
            found = store.similarity_search(row_text(row), k=k, **options)
        return [document.page_content for document in found]

    def _store(self, tag: str) -> VectorStore:
        if self._one is not None:
            return self._one
        if tag not in self._made and self._make is not None:
            self._made[tag] = _checked(self._make(tag), self._rows)
        return self._made[tag]

    def _options(self, store: VectorStore, tag: str) -> Mapping[str, Any]:
        if self._where is not None:
            return self._where(tag)
        return {} if self._one is None else _usual(store, tag)


def _usual(store: VectorStore, tag: str) -> Mapping[str, Any]:
    """How the store of this class is asked for one owner: most take a dict."""
    kinds = {kind.__name__ for kind in type(store).__mro__}
    if "InMemoryVectorStore" in kinds:
        return {"filter": lambda document: document.metadata.get(OWNER_FIELD) == tag}
    if "QdrantVectorStore" in kinds:
        from qdrant_client import models

        field = f"{getattr(store, 'metadata_payload_key', 'metadata')}.{OWNER_FIELD}"
        same = models.FieldCondition(key=field, match=models.MatchValue(value=tag))
        return {"filter": models.Filter(must=[same])}
    if "Milvus" in kinds:
        return {"expr": f'{OWNER_FIELD} == "{tag}"'}
    return {"filter": {OWNER_FIELD: tag}}


def _checked(store: Any, rows: RowEmbeddings) -> VectorStore:
    name = type(store).__name__
    if not isinstance(store, VectorStore):
        raise SettingError(f"store must be a LangChain VectorStore, or a function that gives one, got {name}")
    if store.embeddings is not rows:
        raise SettingError(
            f"{name} does not embed with these rows; make it with the RowEmbeddings given here"
        )
    if type(store).delete is VectorStore.delete:
        raise SettingError(f"{name} cannot delete, so that nothing could be forgotten; take another store")
    return store
