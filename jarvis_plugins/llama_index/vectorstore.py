"""`JarvisFaissVectorStore`: whole nodes, searched exactly, filtered first, saved without pickle."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.simple import DEFAULT_VECTOR_STORE, NAMESPACE_SEP
from llama_index.core.vector_stores.types import (
    DEFAULT_PERSIST_DIR,
    DEFAULT_PERSIST_FNAME,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)
from pydantic import PrivateAttr

from jarvis_plugins.common.row import Row
from jarvis_plugins.common.snapshot import Snapshot, read_snapshot, write_snapshot
from jarvis_plugins.common.vector_table import VectorTable
from jarvis_retrievers.errors import CorruptRecordError, InputError, SettingError

from .filters import metadata_test
from .node_row import looked_at, node_of, rows_of, vectors_of
from .vectorstore_async import ThreadedVectorStore

__all__ = ["JarvisFaissVectorStore"]

_FETCH = 20


class JarvisFaissVectorStore(ThreadedVectorStore):
    """A vector store in memory on FAISS, which keeps the nodes too. Threads may share it.

    Similarities are cosines from -1 to 1. Filters (see `metadata_test`), ``node_ids`` and ``doc_ids`` are
    applied before the search, so that k nodes come back when k match. A node whose id is there replaces it.
    What cannot be used changes nothing. The async methods work in a thread.

    Attributes:
        embedding_fingerprint: what made the vectors, such as `OpenCLIPEmbedding.fingerprint`; a saved store
            that names another is not loaded. Empty if it is not to be compared.
    """

    stores_text: bool = True
    is_embedding_query: bool = True
    embedding_fingerprint: str = ""
    _table: VectorTable = PrivateAttr(default_factory=VectorTable)

    @classmethod
    def class_name(cls) -> str:
        """Name for serialisation."""
        return "JarvisFaissVectorStore"

    @property
    def client(self) -> VectorTable:
        """The table of rows and vectors."""
        return self._table

    def __len__(self) -> int:
        """How many nodes there are."""
        return len(self._table)

    def __bool__(self) -> bool:
        """True: LlamaIndex writes ``store or SimpleVectorStore()``, also of one that is empty."""
        return True

    def add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Add nodes with their embeddings, in place of those with the same ids; all of them or none.

        Returns:
            The ids, in order.

        Raises:
            InputError: a node without an embedding, of a class that could not come back, or with metadata
                that JSON cannot hold; embeddings of another length than those that are here.
        """
        _refuse(kwargs)
        rows = rows_of(nodes)
        self._table.put(rows, vectors_of(nodes))
        return [row.id for row in rows]

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """The ``similarity_top_k`` nodes nearest to an embedding, with cosines, falling; ties oldest first.

        The mode is DEFAULT or MMR, whose options are ``mmr_threshold`` (from 0, unlike each other, to 1, near
        to the embedding; 0.5), and how many nodes it chooses from: ``mmr_prefetch_k`` (20), or
        ``mmr_prefetch_factor`` times as many as are wanted. With MMR the order is that of choice.

        Raises:
            InputError: no embedding or one of another length, ``similarity_top_k`` below 1, a filter, a mode
                or an option that cannot be.
        """
        k, mode = query.similarity_top_k, query.mode
        mmr = mode == VectorStoreQueryMode.MMR
        known = ("mmr_threshold", "mmr_prefetch_k", "mmr_prefetch_factor") if mmr else ()
        _refuse({name: value for name, value in kwargs.items() if name not in known})
        if not mmr and mode != VectorStoreQueryMode.DEFAULT:
            raise InputError(f"the mode {mode!r:.60} is not here; use DEFAULT or MMR")
        if query.query_embedding is None:
            raise InputError("the query has no embedding; give query_embedding, from a text or an image")
        test = _test(query)
        if mmr:
            given = kwargs.get("mmr_threshold", query.mmr_threshold)
            fetch = kwargs.get("mmr_prefetch_k") or int(k * kwargs.get("mmr_prefetch_factor", 0)) or _FETCH
            balance = 0.5 if given is None else given
            found = self._table.diverse(query.query_embedding, k, fetch, balance, test)
        else:
            found = self._table.nearest(query.query_embedding, k, test)
        return VectorStoreQueryResult(
            nodes=[node_of(row) for row, _ in found],
            similarities=[cosine for _, cosine in found],
            ids=[row.id for row, _ in found],
        )

    def get_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """Nodes of these ids in this order, all of them for None, of these those that match the filters."""
        return [node_of(row) for row in self._table.get(_listed(node_ids), _on_rows(filters))]

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Delete the nodes of a document; one that is not there is passed over."""
        _refuse(delete_kwargs)
        if not isinstance(ref_doc_id, str):
            raise InputError(f"ref_doc_id must be a text, got {type(ref_doc_id).__name__}")
        self._table.drop(None, lambda row: row.extra.get("ref_doc_id") == ref_doc_id)

    def delete_nodes(
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        """Delete nodes by id, by filters, or those that both name; unknown ids are passed over.

        Raises:
            InputError: neither ids nor filters; `clear` deletes everything.
        """
        _refuse(delete_kwargs)
        if node_ids is None and filters is None:
            raise InputError("delete_nodes needs node_ids or filters; clear() deletes everything")
        self._table.drop(_listed(node_ids), _on_rows(filters))

    def clear(self) -> None:
        """Delete everything; afterwards vectors may have another length."""
        self._table.drop()

    def persist(self, persist_path: str, fs: AbstractFileSystem | None = None) -> None:
        """Write everything into a folder, in place of what was saved there before; see `write_snapshot`.

        A process that is killed meanwhile leaves the old state or the new one. Nothing in it is code.

        Raises:
            SettingError: the path is a file, or ``fs`` is not the local file system.
            StoreError: no room, or no permission.
        """
        if fs is not None and not isinstance(fs, LocalFileSystem):
            raise SettingError(
                f"a store is saved to the local file system, got {type(fs).__name__}; save it to a folder, "
                "then copy that"
            )
        rows, vectors = self._table.dump()
        write_snapshot(_place(persist_path), Snapshot(rows, vectors, self.embedding_fingerprint))

    @classmethod
    def from_persist_path(cls, persist_path: str, embedding_fingerprint: str = "") -> Self:
        """A store as it was saved. All files are compared with their digests before they are parsed.

        A folder that LangChain's `FaissVectorStore` has saved comes as `TextNode`.

        Raises:
            SettingError: there is none, or other embeddings made its vectors.
            HomeFormatError: a newer version wrote it. CorruptRecordError: a file is damaged.
        """
        found = read_snapshot(_place(persist_path))
        found.check_maker(embedding_fingerprint, persist_path)
        store = cls(embedding_fingerprint=found.embedding or embedding_fingerprint)
        try:
            for row in found.rows:
                node_of(row)
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptRecordError(
                f"the vector store in {persist_path} is damaged: a row is no node ({error}); make it again"
            ) from error
        store._table.put(found.rows, found.vectors)
        return store

    @classmethod
    def from_persist_dir(
        cls, persist_dir: str = DEFAULT_PERSIST_DIR, namespace: str = DEFAULT_VECTOR_STORE
    ) -> Self:
        """The store that `StorageContext.persist` has saved under this name."""
        name = f"{namespace}{NAMESPACE_SEP}{DEFAULT_PERSIST_FNAME}"
        return cls.from_persist_path(os.path.join(persist_dir, name))

    def __getstate__(self) -> dict[str, Any]:
        # Pydantic's would leave the table out and say so in a log only.
        raise SettingError("a vector store is not pickled; persist() it, load it with from_persist_path()")


def _test(query: VectorStoreQuery) -> Callable[[Row], bool] | None:
    """Filters, node ids and document ids of a query as one test; None if all nodes may be found."""
    tests = [_on_rows(query.filters)]
    # A VectorStoreIndex gives an empty list if the store keeps the nodes, and means all.
    if query.node_ids:
        ids = frozenset(query.node_ids)
        tests.append(lambda row: row.id in ids)
    if query.doc_ids:
        refs = frozenset(query.doc_ids)
        tests.append(lambda row: row.extra.get("ref_doc_id") in refs)
    chosen = [test for test in tests if test is not None]
    return (lambda row: all(test(row) for test in chosen)) if chosen else None


def _on_rows(filters: MetadataFilters | None) -> Callable[[Row], bool] | None:
    test = metadata_test(filters)
    return None if test is None else lambda row: test(looked_at(row))


def _listed(ids: list[str] | None) -> list[str] | None:
    if isinstance(ids, str):
        raise InputError(f"node_ids must be a list, got the text {ids!r:.60}; put it in a list")
    return ids


def _place(path: str | os.PathLike[str]) -> Path:
    return Path(path).expanduser()


def _refuse(more: Mapping[str, Any]) -> None:
    """Say so, as an option that is misspelled and ignored gives answers that look right."""
    if more:
        raise InputError(f"there is no option {', '.join(more)}; see JarvisFaissVectorStore.query")
