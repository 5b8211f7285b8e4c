"""The part of the suite for vector stores that is about filters."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.schema import BaseNode, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
)

from .suite import Suite, needs

__all__ = ["QUERY", "FilterConformance", "nodes"]

QUERY = [0.9, 0.1, 0.3, -0.2]
_ABOUT: list[dict[str, Any]] = [
    {"kind": "dog", "age": 1, "tags": ["red", "small"], "note": "Likes Noodles"},
    {"kind": "dog", "age": 4, "tags": ["blue"], "note": "likes rice"},
    {"kind": "cat", "age": 9, "tags": [], "note": "sleeps"},
    {"kind": "mug", "age": 4, "tags": ["red"]},
    {"kind": "cat", "tags": ["blue", "red"], "note": "Noodles!"},
    {"kind": "toy", "age": 7, "tags": ["x"], "note": ""},
]
_VECTORS = [
    [0.8, 0.5, -0.1, 0.2],
    [-0.3, 0.9, 0.2, 0.1],
    [0.7, 0.4, 0.1, 0.1],
    [0.1, -0.2, 0.9, 0.4],
    [0.5, 0.5, 0.5, -0.6],
    [-0.9, 0.1, 0.0, 0.3],
]
Case = tuple[FilterOperator, str, Any, str]
"""An operator, a key, a value, and the nodes that match."""

_CASES: list[Case] = [
    (FilterOperator.EQ, "kind", "dog", "01"),
    (FilterOperator.NE, "kind", "dog", "2345"),
    (FilterOperator.GT, "age", 4, "25"),
    (FilterOperator.GTE, "age", 4, "1235"),
    (FilterOperator.LT, "age", 4, "0"),
    (FilterOperator.LTE, "age", 4, "013"),
    (FilterOperator.IN, "kind", ["dog", "mug"], "013"),
    (FilterOperator.NIN, "kind", ["dog", "mug"], "245"),
    (FilterOperator.ANY, "tags", ["red", "x"], "0345"),
    (FilterOperator.ALL, "tags", ["red", "blue"], "4"),
    (FilterOperator.TEXT_MATCH, "note", "Noodles", "04"),
    (FilterOperator.TEXT_MATCH_INSENSITIVE, "note", "LIKES", "01"),
    (FilterOperator.CONTAINS, "tags", "red", "034"),
    (FilterOperator.IS_EMPTY, "note", None, "35"),
]


def nodes() -> list[BaseNode]:
    """Six nodes, "0" to "5", with embeddings of 4 numbers; even ones are of document "even"."""
    return [
        TextNode(
            id_=str(n),
            text=f"text {n}",
            embedding=list(_VECTORS[n]),
            extra_info=copy.deepcopy(_ABOUT[n]),
            excluded_llm_metadata_keys=["age"],
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id="odd" if n % 2 else "even")},
        )
        for n in range(len(_ABOUT))
    ]


def where(key: str, operator: FilterOperator, value: Any) -> MetadataFilter:
    """One filter."""
    return MetadataFilter(key=key, operator=operator, value=value)


class FilterConformance(Suite):
    """Filters of a vector store.

    Attributes:
        operators: those that the store knows.
        has_conditions: filters are joined by and, or, not.
        nests_filters: `MetadataFilters` may hold `MetadataFilters`.
        checks_operators: an operator that does not exist is an error.
    """

    operators: frozenset[FilterOperator] = frozenset(FilterOperator)
    has_conditions: bool = True
    nests_filters: bool = True
    checks_operators: bool = True

    @pytest.mark.parametrize("case", _CASES, ids=[case[0].value for case in _CASES])
    def test_operator(self, store: BasePydanticVectorStore, case: Case) -> None:
        """Optional (operators): each finds the nodes that it is about, and no others."""
        operator, key, value, wanted = case
        if operator not in self.operators:
            pytest.skip(f"{type(self).__name__} does not have {operator.value}")
        store.add(nodes())
        assert self.found(store, MetadataFilters(filters=[where(key, operator, value)])) == wanted

    def test_filter_before_search(self, store: BasePydanticVectorStore) -> None:
        """Required: as many nodes come back as are wanted and match, not fewer."""
        store.add(nodes())
        filters = MetadataFilters(filters=[where("kind", FilterOperator.EQ, "toy")])
        # The node that matches is the farthest of all.
        asked = VectorStoreQuery(query_embedding=QUERY, similarity_top_k=1, filters=filters)
        assert list(store.query(asked).ids or ()) == ["5"]

    @needs("has_conditions")
    @pytest.mark.parametrize(
        ("condition", "wanted"),
        [(FilterCondition.AND, "1"), (FilterCondition.OR, "013"), (FilterCondition.NOT, "245")],
    )
    def test_condition(self, store: BasePydanticVectorStore, condition: FilterCondition, wanted: str) -> None:
        """Optional (has_conditions): both, either, neither."""
        store.add(nodes())
        both: list[Any] = [where("kind", FilterOperator.EQ, "dog"), where("age", FilterOperator.EQ, 4)]
        assert self.found(store, MetadataFilters(filters=both, condition=condition)) == wanted

    @needs("nests_filters")
    def test_nested(self, store: BasePydanticVectorStore) -> None:
        """Optional (nests_filters): groups in groups."""
        store.add(nodes())
        dogs = MetadataFilters(
            filters=[where("kind", FilterOperator.EQ, "dog"), where("age", FilterOperator.LT, 4)]
        )
        toys = MetadataFilters(filters=[where("kind", FilterOperator.EQ, "toy")])
        old = MetadataFilters(filters=[where("age", FilterOperator.GT, 4), toys])
        either = MetadataFilters(filters=[dogs, old], condition=FilterCondition.OR)
        assert self.found(store, either) == "05"
        assert self.found(store, MetadataFilters(filters=[either], condition=FilterCondition.NOT)) == "1234"

    @needs("checks_operators")
    def test_unknown_operator(self, store: BasePydanticVectorStore) -> None:
        """Optional (checks_operators): it is a ValueError, also where there is nothing to compare."""
        near: Any = MetadataFilter.model_construct(key="kind", value="dog", operator="near")
        filters = MetadataFilters.model_construct(filters=[near], condition=FilterCondition.AND)
        for count in (0, 6):
            store.add(nodes()[:count])
            with pytest.raises(ValueError, match=r"\w"):
                self.found(store, filters)

    def found(self, store: BasePydanticVectorStore, filters: MetadataFilters) -> str:
        """Ids of the nodes that match, in order of their ids."""
        asked = VectorStoreQuery(query_embedding=QUERY, similarity_top_k=len(_ABOUT), filters=filters)
        ids: Sequence[str] = store.query(asked).ids or ()
        return "".join(sorted(ids))
