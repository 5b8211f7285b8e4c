"""LlamaIndex's filters against its own `build_metadata_filter_fn`, and what cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
)
from llama_index.core.vector_stores.utils import build_metadata_filter_fn

from jarvis_plugins.llama_index.filters import metadata_test
from jarvis_retrievers.errors import InputError

LISTS = {FilterOperator.IN, FilterOperator.NIN, FilterOperator.ANY, FilterOperator.ALL}
ORDERS = {FilterOperator.GT, FilterOperator.GTE, FilterOperator.LT, FilterOperator.LTE}
TEXTS = {FilterOperator.TEXT_MATCH, FilterOperator.TEXT_MATCH_INSENSITIVE}

texts = st.sampled_from(["", "a", "A", "ab", "b"])
numbers = st.one_of(st.integers(-2, 2), st.sampled_from([0.5, 1.0]))
kept = st.one_of(st.none(), texts, numbers, st.lists(texts, max_size=3), st.lists(numbers, max_size=3))
keys = st.sampled_from(["k", "l"])


@st.composite
def single(draw: st.DrawFn) -> MetadataFilter:
    operator = draw(st.sampled_from(list(FilterOperator)))
    if operator in LISTS:
        value: Any = draw(st.one_of(st.lists(texts, max_size=3), st.lists(st.integers(-2, 2), max_size=3)))
    else:
        value = draw(texts if operator in TEXTS else st.one_of(texts, numbers))
    return MetadataFilter(key=draw(keys), value=value, operator=operator)


@example({"k": 0}, [MetadataFilter(key="k", value=[], operator=FilterOperator.ALL)], None)
@settings(max_examples=400, deadline=None)
@given(
    metadata=st.dictionaries(keys, kept, max_size=2),
    filters=st.lists(single(), max_size=3),
    condition=st.sampled_from([*FilterCondition, None]),
)
def test_it_is_that_of_core(
    metadata: dict[str, Any], filters: list[MetadataFilter], condition: FilterCondition | None
) -> None:
    group = MetadataFilters(filters=list(filters), condition=condition)
    try:
        wanted = build_metadata_filter_fn(lambda _: metadata, group)("id")
    except TypeError:
        return  # a value in the metadata that core cannot compare; see below
    test = metadata_test(group)
    assert test is not None
    assert test(metadata) is wanted


@settings(max_examples=100, deadline=None)
@given(
    metadata=st.dictionaries(keys, st.integers(-2, 2), max_size=2),
    left=st.lists(single(), min_size=1, max_size=2),
    right=st.lists(single(), min_size=1, max_size=2),
    inner=st.sampled_from(list(FilterCondition)),
    outer=st.sampled_from(list(FilterCondition)),
)
def test_nested_is_what_the_parts_say(
    metadata: dict[str, Any],
    left: list[MetadataFilter],
    right: list[MetadataFilter],
    inner: FilterCondition,
    outer: FilterCondition,
) -> None:
    groups = [MetadataFilters(filters=list(some), condition=inner) for some in (left, right)]
    said = [bool(test and test(metadata)) for test in map(metadata_test, groups)]
    wanted = {"and": all(said), "or": any(said), "not": not any(said)}[outer.value]
    nested = metadata_test(MetadataFilters(filters=list(groups), condition=outer))
    assert nested is not None
    assert nested(metadata) is wanted


@pytest.mark.parametrize("operator", sorted(ORDERS | TEXTS | {FilterOperator.CONTAINS}))
@pytest.mark.parametrize("found", [3, "three", ["three"], {"three": 3}, True, [3]])
def test_values_that_do_not_go_together_do_not_match(operator: FilterOperator, found: Any) -> None:
    value: Any = 7 if isinstance(found, (str, list)) else "seven"
    if operator in TEXTS:
        value = "seven"
    test = metadata_test(MetadataFilters(filters=[MetadataFilter(key="k", value=value, operator=operator)]))
    assert test is not None
    assert test({"k": found}) is False


def test_keys_lead_into_mappings() -> None:
    test = metadata_test(MetadataFilters(filters=[MetadataFilter(key="home.city", value="Bern")]))
    assert test is not None
    assert test({"home": {"city": "Bern"}})
    assert test({"home.city": "Bern", "home": {"city": "Rome"}})
    assert not test({"home": "Bern"})


def made(value: Any, operator: Any = "==", condition: Any = "and") -> Any:
    one = MetadataFilter.model_construct(key="k", value=value, operator=operator)
    return MetadataFilters.model_construct(filters=[one], condition=condition)


def deep(levels: int) -> MetadataFilters:
    group = MetadataFilters(filters=[MetadataFilter(key="k", value=1)])
    for _ in range(levels):
        group = MetadataFilters(filters=[group])
    return group


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (made(1, "near"), "no filter operator 'near'; there are =="),
        (made(1, None), "no filter operator"),
        (made(1, "==", "xor"), "no filter condition 'xor'; there are and, or, not"),
        (made("ab", "in"), "needs a list"),
        (made("ab", "all"), "needs a list"),
        (made(["a"], ">"), "number or a text"),
        (made(None, "<="), "number or a text"),
        (made(1, "text_match"), "needs a text"),
        ({"k": 1}, "must be MetadataFilters"),
        ([MetadataFilter(key="k", value=1)], "must be MetadataFilters"),
        (deep(40), "nested 32 deep"),
    ],
)
def test_what_cannot_be(filters: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        metadata_test(filters)
    assert metadata_test(None) is None
    assert metadata_test(deep(20)) is not None
