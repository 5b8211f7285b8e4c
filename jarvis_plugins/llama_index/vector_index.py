"""`LlamaVectorIndex`: any LlamaIndex vector store as the `VectorIndex` of a memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from llama_index.core.schema import BaseNode, MetadataMode, TextNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
)

from jarvis_plugins.common.hosted_index import MOST, HostedIndex
from jarvis_plugins.common.row_space import RowSpace
from jarvis_retrievers.errors import SettingError, StoreError

__all__ = ["OWNER_FIELD", "LlamaVectorIndex"]

OWNER_FIELD: Final = "jarvis_owner"
"""The field of metadata that has the tag of an owner."""


class LlamaVectorIndex(HostedIndex):
    """Vectors in a LlamaIndex store; see `HostedIndex`, and docs/vector_stores.md for what each store keeps.

    ::

        store = QdrantVectorStore("jarvis", client=client)
        index = LlamaVectorIndex(store, dim=256, secret=secret)

    A store that keeps no texts (`SimpleVectorStore`) gives nothing back but ids: its rows are kept beside it
    in memory, and what it has of an owner that this process did not write is deleted on first use.

    Args:
        store: it must filter by metadata, and be able to delete nodes by id.
        dim: numbers in a vector.
        longest: None for vectors of length 1; else no vector is longer, and those in the store have one
            number more (`RowSpace`).
        secret: 16 bytes or more, always the same for one store; owners are told to it by an HMAC.
        most: vectors that the store gives at once.

    Raises:
        InputError: ``dim`` below 1. SettingError: a store that cannot delete, or a short secret.
    """

    def __init__(
        self,
        store: BasePydanticVectorStore,
        dim: int,
        *,
        secret: bytes,
        longest: float | None = None,
        most: int = MOST,
    ) -> None:
        super().__init__(_Nodes(_checked(store)), RowSpace(dim, longest), secret, most)


class _Nodes:
    """`RowStore` of nodes: the text is the sealed row, the metadata the tag."""

    def __init__(self, store: BasePydanticVectorStore) -> None:
        self._store = store
        self._texts: dict[str, str] | None = None if store.stores_text else {}
        self._begun: set[str] = set()

    def put(self, tag: str, keys: list[str], texts: list[str], vectors: list[list[float]]) -> None:
        self._begin(tag)
        nodes: list[BaseNode] = [
            TextNode(id_=key, text=text, embedding=vector, metadata={OWNER_FIELD: tag})
            for key, text, vector in zip(keys, texts, vectors, strict=True)
        ]
        given = list(self._store.add(nodes))
        if given != keys:
            self._store.delete_nodes(given)
            raise StoreError(
                "the vector store gives ids of its own, so that nothing could be found to delete"
            )
        if self._texts is not None:
            self._texts.update(zip(keys, texts, strict=True))

    def drop(self, tag: str, keys: list[str]) -> None:
        self._store.delete_nodes(keys)
        for key in keys if self._texts is not None else ():
            self._texts.pop(key, None)  # type: ignore[union-attr]

    def near(self, tag: str, query: list[float], k: int) -> list[str]:
        self._begin(tag)
        asked = VectorStoreQuery(query_embedding=query, similarity_top_k=k, filters=_only(tag))
        found = self._store.query(asked)
        if self._texts is None:
            nodes: Sequence[BaseNode] = found.nodes or []
            return [node.get_content(MetadataMode.NONE) for node in nodes]
        return [self._texts.get(key, "") for key in found.ids or []]

    def _begin(self, tag: str) -> None:
        if self._texts is not None and tag not in self._begun:
            self._store.delete_nodes(filters=_only(tag))
            self._begun.add(tag)


def _only(tag: str) -> MetadataFilters:
    return MetadataFilters(filters=[MetadataFilter(key=OWNER_FIELD, value=tag, operator=FilterOperator.EQ)])


def _checked(store: Any) -> BasePydanticVectorStore:
    name = type(store).__name__
    if not isinstance(store, BasePydanticVectorStore):
        raise SettingError(f"store must be a LlamaIndex BasePydanticVectorStore, got {name}")
    if type(store).delete_nodes is BasePydanticVectorStore.delete_nodes:
        raise SettingError(
            f"{name} cannot delete nodes by id, so that nothing could be forgotten; take another"
        )
    if not store.is_embedding_query:
        raise SettingError(f"{name} embeds queries itself and takes no vectors; take another store")
    return store
