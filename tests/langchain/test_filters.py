from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document

from jarvis_plugins.langchain.filters import document_filter
from jarvis_retrievers.errors import InputError

REX = {
    "name": "Rex",
    "age": 4,
    "good": True,
    "weight": 9.5,
    "tags": ["dog", "brown"],
    "home": {"city": "Bern", "floor": 2},
    "chip": None,
    "a.b": "dotted",
}


def holds(wanted: Any, metadata: Mapping[str, Any] = REX) -> bool:
    test = document_filter(wanted)
    assert test is not None
    return test(Document(page_content="", metadata=dict(metadata)))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, True),
        ({"name": "Rex"}, True),
        ({"name": "rex"}, False),
        ({"name": "Rex", "age": 5}, False),
        ({"name": {"$eq": "Rex"}}, True),
        ({"name": {"$ne": "Rex"}}, False),
        ({"missing": {"$ne": "Rex"}}, True),
        ({"age": {"$gt": 3, "$lt": 5}}, True),
        ({"age": {"$gte": 4, "$lte": 4}}, True),
        ({"age": {"$gt": 4}}, False),
        ({"age": {"$gt": "3"}}, False),
        ({"age": 4.0}, True),
        ({"good": True}, True),
        ({"good": 1}, False),
        ({"good": {"$gt": 0}}, False),
        ({"name": {"$gt": "Pax", "$lt": "Tim"}}, True),
        ({"age": {"$in": [1, 4]}}, True),
        ({"age": {"$nin": [1, 4]}}, False),
        ({"missing": {"$nin": [1]}}, True),
        ({"missing": {"$in": [None]}}, True),
        ({"tags": "dog"}, True),
        ({"tags": {"$in": ["cat", "brown"]}}, True),
        ({"tags": ["dog", "brown"]}, True),
        ({"tags": ["brown", "dog"]}, False),
        ({"tags": {"$ne": "dog"}}, False),
        ({"home.city": "Bern"}, True),
        ({"home.floor": {"$lt": 2}}, False),
        ({"home.city.street": {"$exists": False}}, True),
        ({"home": {"city": "Bern", "floor": 2}}, True),
        ({"home": {"city": "Bern"}}, False),
        ({"a.b": "dotted"}, True),
        ({"chip": None}, True),
        ({"missing": None}, True),
        ({"chip": {"$exists": True}}, True),
        ({"missing": {"$exists": True}}, False),
        ({"missing": {"$exists": False}}, True),
        ({"missing": {"$gt": 0}}, False),
        ({"age": {"$not": {"$gt": 4}}}, True),
        ({"missing": {"$not": {"$gt": 4}}}, True),
        ({"$not": {"name": "Rex"}}, False),
        ({"$and": [{"name": "Rex"}, {"age": 4}]}, True),
        ({"$or": [{"name": "Bo"}, {"age": 4}]}, True),
        ({"$or": [{"name": "Bo"}, {"age": 5}]}, False),
        ({"$or": [{"name": "Bo"}, {"$and": [{"age": {"$gt": 3}}, {"$not": {"good": False}}]}]}, True),
    ],
)
def test_semantics(wanted: Any, expected: bool) -> None:
    assert holds(wanted) is expected


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"age": {"$near": 3}}, r"\$near.*\$eq"),
        ({"$nor": [{"a": 1}]}, r"\$nor.*\$and"),
        ({"$gt": 3}, r"\$gt"),
        ({"$and": []}, "list of filters"),
        ({"$or": {"a": 1}}, "list of filters"),
        ({"$and": ["a"]}, "must be a mapping"),
        ({"a": {"$in": "abc"}}, "list of values"),
        ({"a": {"$exists": 1}}, "True or False"),
        ({"a": {"$gt": None}}, "number or a text"),
        ({"a": {"$gt": True}}, "number or a text"),
        ({"a": {"$not": 3}}, "needs operators"),
        ({"a": {"$eq": 1, "b": 2}}, "no filter operator 'b'"),
        ({3: 4}, "key must be text"),
        (["a"], "must be a mapping or a function"),
        ("a", "must be a mapping or a function"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_compared(wanted: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        document_filter(wanted)


@pytest.mark.parametrize("step", [lambda f: {"$and": [f]}, lambda f: {"$not": f}])
def test_a_filter_that_is_too_deep(step: Any) -> None:
    wanted: dict[str, Any] = {"a": 1}
    for _ in range(5000):
        wanted = step(wanted)
    with pytest.raises(InputError, match="nested"):
        document_filter(wanted)
    inner: dict[str, Any] = {"$gt": 1}
    for _ in range(5000):
        inner = {"$not": inner}
    with pytest.raises(InputError, match="nested"):
        document_filter({"a": inner})


def test_a_function() -> None:
    test = document_filter(lambda document: document.page_content == "x")
    assert test is not None
    assert test(Document(page_content="x"))
    assert not test(Document(page_content="y"))
    assert document_filter(None) is None


KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from(["", "x", "y"]))
NUMBERS = st.one_of(st.integers(-2, 2), st.sampled_from(["", "x", "y"]))
METADATA = st.dictionaries(KEYS, VALUES, max_size=3)
OPERATORS = st.one_of(
    st.tuples(st.sampled_from(["$eq", "$ne"]), VALUES),
    st.tuples(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), NUMBERS),
    st.tuples(st.sampled_from(["$in", "$nin"]), st.lists(VALUES, max_size=3)),
    st.tuples(st.just("$exists"), st.booleans()),
)
LEAVES = st.builds(lambda key, pair: {key: {pair[0]: pair[1]}}, KEYS, OPERATORS)
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"$and": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"$or": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"$not": part}, inner),
    ),
    max_leaves=6,
)


def evaluated(wanted: dict[str, Any], metadata: dict[str, Any]) -> bool:
    """The same filter as plain Python: values carry their type, so that True is not 1."""
    ((key, part),) = wanted.items()
    if key == "$and":
        return all(evaluated(one, metadata) for one in part)
    if key == "$or":
        return any(evaluated(one, metadata) for one in part)
    if key == "$not":
        return not evaluated(part, metadata)
    ((name, operand),) = part.items()
    value: Any = metadata.get(key)
    tag = (type(value), value)
    if name == "$exists":
        return (key in metadata) is bool(operand)
    if name in ("$eq", "$ne"):
        return (tag == (type(operand), operand)) is (name == "$eq")
    if name in ("$in", "$nin"):
        return (tag in [(type(one), one) for one in operand]) is (name == "$in")
    if type(value) is not type(operand):
        return False
    order = {
        "$gt": value > operand,
        "$gte": value >= operand,
        "$lt": value < operand,
        "$lte": value <= operand,
    }
    return bool(order[name])


@settings(max_examples=300, deadline=None)
@given(wanted=FILTERS, metadata=METADATA)
def test_as_plain_python_says(wanted: dict[str, Any], metadata: dict[str, Any]) -> None:
    assert holds(wanted, metadata) == evaluated(wanted, metadata)
