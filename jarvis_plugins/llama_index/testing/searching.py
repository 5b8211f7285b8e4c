"""The part of the suite for vector stores that is about which nodes come first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)

from .filtering import QUERY, FilterConformance, nodes
from .suite import needs

__all__ = ["Answer", "SearchConformance", "answer"]

Answer = tuple[list[str], list[float]]


class SearchConformance(FilterConformance):
    """Searching a vector store.

    Attributes:
        is_exact: similarities are cosines, and the order is that of comparing one by one.
        has_node_ids, has_doc_ids: `VectorStoreQuery.node_ids` and ``doc_ids`` say which nodes may be found.
        has_mmr: the mode MMR, with ``mmr_threshold`` as an option of `query`.
        has_mmr_in_query: ``VectorStoreQuery.mmr_threshold`` counts too.
    """

    is_exact: bool = True
    has_node_ids: bool = True
    has_doc_ids: bool = True
    has_mmr: bool = True
    has_mmr_in_query: bool = True

    @needs("is_exact")
    def test_search_is_exact(self, store: BasePydanticVectorStore) -> None:
        """Optional (is_exact): ids and cosines are those of comparing one by one."""
        store.add(nodes())
        rows = np.array([node.embedding for node in nodes()])
        cosines = rows @ QUERY / np.linalg.norm(rows, axis=1) / np.linalg.norm(QUERY)
        order = np.argsort(-cosines)
        ids, similarities = self.all(store)
        assert ids == [str(n) for n in order]
        assert similarities == pytest.approx(cosines[order].tolist(), abs=1e-5)

    @needs("has_node_ids")
    def test_node_ids(self, store: BasePydanticVectorStore) -> None:
        """Optional (has_node_ids): only these."""
        store.add(nodes())
        asked = VectorStoreQuery(query_embedding=QUERY, similarity_top_k=6, node_ids=["4", "1", "nobody"])
        assert sorted(answer(store.query(asked))[0]) == ["1", "4"]

    @needs("has_doc_ids")
    def test_doc_ids(self, store: BasePydanticVectorStore) -> None:
        """Optional (has_doc_ids): only nodes of these documents."""
        store.add(nodes())
        asked = VectorStoreQuery(query_embedding=QUERY, similarity_top_k=6, doc_ids=["odd"])
        assert sorted(answer(store.query(asked))[0]) == ["1", "3", "5"]

    @needs("has_mmr")
    @pytest.mark.parametrize("balance", [0.0, 0.3, 0.5, 1.0])
    def test_mmr(self, store: BasePydanticVectorStore, balance: float) -> None:
        """Optional (has_mmr): each next node is unlike all that were chosen before (Carbonell, Goldstein)."""
        self.fill(store)
        asked = VectorStoreQuery(query_embedding=QUERY, similarity_top_k=6, mode=VectorStoreQueryMode.MMR)
        assert answer(store.query(asked, mmr_threshold=balance))[0] == self.diverse(balance)

    @needs("has_mmr_in_query")
    def test_mmr_in_query(self, store: BasePydanticVectorStore) -> None:
        """Optional (has_mmr_in_query): the threshold of the query counts."""
        self.fill(store)
        asked = VectorStoreQuery(query_embedding=QUERY, similarity_top_k=6, mode=VectorStoreQueryMode.MMR)
        for balance in (0.2, 1.0):
            asked.mmr_threshold = balance
            assert answer(store.query(asked))[0] == self.diverse(balance)

    def all(self, store: BasePydanticVectorStore) -> Answer:
        """Ids and similarities of all that is there."""
        return answer(store.query(VectorStoreQuery(query_embedding=QUERY, similarity_top_k=50)))

    def fill(self, store: BasePydanticVectorStore) -> None:
        """Add twelve nodes that lie in all directions."""
        rows = _rows()
        store.add([TextNode(id_=str(n), text=str(n), embedding=rows[n].tolist()) for n in range(len(rows))])

    def diverse(self, balance: float) -> list[str]:
        """The six ids that maximal marginal relevance chooses of them, in this order.

        Source: Carbonell and Goldstein, "The Use of MMR" (1998), section 2.
        """
        rows = _rows() / np.linalg.norm(_rows(), axis=1, keepdims=True)
        near = rows @ (np.array(QUERY) / np.linalg.norm(QUERY))
        taken = [int(np.argmax(near))]
        while len(taken) < 6:
            like = (rows @ rows[taken].T).max(axis=1)
            gain = balance * near - (1 - balance) * like
            gain[taken] = -np.inf
            taken.append(int(np.argmax(gain)))
        return [str(n) for n in taken]


def answer(result: VectorStoreQueryResult) -> Answer:
    """Ids and similarities of a result."""
    ids = result.ids if result.ids is not None else [node.node_id for node in result.nodes or ()]
    return list(ids), list(result.similarities or ())


def _rows() -> Any:
    return np.random.default_rng(3).normal(size=(12, len(QUERY)))
