"""`LlamaVectorIndex` on stores in memory, and on stores that do not do as they are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    VectorStoreQuery,
    VectorStoreQueryResult,
)
from pydantic import Field

from jarvis_plugins.llama_index import LlamaVectorIndex
from jarvis_retrievers.errors import SettingError, StoreError
from jarvis_retrievers.index import Rebuilt, VectorIndex
from tests.retrievers import test_index

SECRET = bytes(range(32))
Make = Callable[[int], VectorIndex]


class TestSimple(test_index.TestVectorIndexConformance):
    @pytest.fixture
    def make(self) -> Make:
        return lambda dim: LlamaVectorIndex(SimpleVectorStore(), dim, longest=64, secret=SECRET)


def unit(count: int, dim: int = 8, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


class Texts(SimpleVectorStore):
    """Gives texts back, and does not filter if it is told so."""

    stores_text: bool = True
    nodes: dict[str, BaseNode] = Field(default_factory=dict)
    filters: bool = True

    def add(self, nodes: Sequence[BaseNode], **more: Any) -> list[str]:
        self.nodes |= {node.node_id: node for node in nodes}
        return super().add(nodes, **more)

    def query(self, query: VectorStoreQuery, **more: Any) -> VectorStoreQueryResult:
        if not self.filters:
            query.filters = None
        found = super().query(query, **more)
        return VectorStoreQueryResult(nodes=[self.nodes[id] for id in found.ids or []], ids=found.ids)


def test_a_store_that_ignores_the_filter_leaks_nothing() -> None:
    store, rows = Texts(), unit(40)
    index = LlamaVectorIndex(store, 8, secret=SECRET)
    index.add("ana", range(20), rows[:20])
    index.add("ben", range(20), rows[20:])
    assert LlamaVectorIndex(store, 8, secret=SECRET).rebuild("ana", range(20), rows[:20]) == Rebuilt(20, 0, 0)
    store.filters = False
    with pytest.raises(StoreError, match="another owner"):
        index.search("ana", rows[30:31], 3)
    with pytest.raises(StoreError, match="another owner"):
        LlamaVectorIndex(store, 8, secret=SECRET).count("ben")


def test_a_store_without_texts_begins_anew_in_each_process() -> None:
    store, rows = SimpleVectorStore(), unit(6)
    LlamaVectorIndex(store, 8, secret=SECRET).add("ben", [1], rows[5:])
    LlamaVectorIndex(store, 8, secret=SECRET).add("ana", range(5), rows[:5])
    later = LlamaVectorIndex(store, 8, secret=SECRET)
    assert later.rebuild("ana", range(1, 4), rows[1:4]) == Rebuilt(0, 3, 0)
    assert later.search("ana", rows[2:3], 4)[1][0].tolist().count(-1) == 1
    assert len(store.data.embedding_dict) == 4
    later.delete_owner("ana")
    assert len(store.data.embedding_dict) == 1


class CannotDelete(SimpleVectorStore):
    delete_nodes = BasePydanticVectorStore.delete_nodes


def test_what_cannot_be_used_is_refused_in_one_line() -> None:
    with pytest.raises(SettingError, match="cannot delete nodes"):
        LlamaVectorIndex(CannotDelete(), 8, secret=SECRET)
    with pytest.raises(SettingError, match="got dict"):
        LlamaVectorIndex({}, 8, secret=SECRET)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="16 bytes"):
        LlamaVectorIndex(SimpleVectorStore(), 8, secret=b"")
