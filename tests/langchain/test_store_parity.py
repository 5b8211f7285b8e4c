"""`PersonalStore` against LangGraph's own store in memory."""

from __future__ import annotations

import tempfile
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from langgraph.store.base import GetOp, ListNamespacesOp, MatchCondition, Op, PutOp, SearchItem, SearchOp
from langgraph.store.memory import InMemoryStore

from jarvis_plugins.langchain import PersonalStore

NS = ("memories", "ana")


class Oracle(InMemoryStore):
    """LangGraph's store, without the namespaces that a mere look has made in it."""

    def _handle_list_namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        for namespace in [name for name, items in self._data.items() if not items]:
            del self._data[namespace]
        return super()._handle_list_namespaces(op)


LABELS = st.sampled_from(["a", "b", "ab", "*", "é"])
NAMESPACES = st.lists(LABELS, min_size=1, max_size=3).map(tuple)
KEYS = st.sampled_from(["k", "l", "", "ü.ü"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "x", "3"]))
VALUES = st.fixed_dictionaries(
    {"n": st.integers(-3, 3)},
    optional={
        "s": SCALARS,
        "d": st.dictionaries(st.sampled_from(["p", "q"]), SCALARS, max_size=2),
        "l": st.lists(SCALARS, max_size=2),
    },
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "n": st.one_of(
            st.integers(-3, 3),
            st.dictionaries(
                st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), st.integers(-3, 3), min_size=1
            ),
        ),
        "s": st.one_of(SCALARS, st.fixed_dictionaries({"$ne": SCALARS})),
        "d": st.dictionaries(st.sampled_from(["p", "q"]), SCALARS, max_size=2),
        "l": st.lists(SCALARS, max_size=2),
    },
)
CONDITIONS = st.builds(
    MatchCondition, st.sampled_from(["prefix", "suffix"]), st.lists(LABELS, max_size=2).map(tuple)
)
PUTS = st.builds(PutOp, NAMESPACES, KEYS, st.none() | VALUES, index=st.none(), ttl=st.none())
OPS = st.one_of(
    PUTS,
    PUTS,
    st.builds(GetOp, NAMESPACES, KEYS, refresh_ttl=st.booleans()),
    st.builds(
        SearchOp,
        st.lists(LABELS, max_size=2).map(tuple),
        filter=st.none() | FILTERS,
        limit=st.just(1000),
        offset=st.just(0),
        query=st.none(),
        refresh_ttl=st.booleans(),
    ),
    st.builds(
        ListNamespacesOp,
        match_conditions=st.none() | st.lists(CONDITIONS, max_size=2).map(tuple),
        max_depth=st.none() | st.integers(1, 3),
        limit=st.integers(0, 9),
        offset=st.integers(0, 3),
    ),
)


def told(op: Op, result: Any) -> Any:
    """What a result says, without times; a search without a query has no order."""
    if isinstance(op, GetOp):
        return result and (result.namespace, result.key, result.value)
    if isinstance(op, SearchOp):
        assert all(isinstance(item, SearchItem) and item.score is None for item in result)
        return sorted(((item.namespace, item.key, item.value) for item in result), key=lambda item: item[:2])
    return result


@settings(max_examples=40, deadline=None, phases=[Phase.generate])
@given(batches=st.lists(st.lists(OPS, min_size=1, max_size=6), min_size=1, max_size=6))
def test_any_sequence_of_batches_gives_what_langgraphs_own_store_gives(batches: list[list[Op]]) -> None:
    oracle = Oracle()
    with tempfile.TemporaryDirectory() as home, PersonalStore(home) as store:
        for batch in batches:
            wanted = [told(op, result) for op, result in zip(batch, oracle.batch(batch), strict=True)]
            found = [told(op, result) for op, result in zip(batch, store.batch(batch), strict=True)]
            assert found == wanted
        with PersonalStore(home) as again:  # and after it was opened again
            everything = SearchOp((), limit=1000)
            assert told(everything, again.batch([everything])[0]) == told(
                everything, oracle.batch([everything])[0]
            )


@settings(max_examples=15, deadline=None)
@given(
    puts=st.lists(st.tuples(KEYS, VALUES), max_size=8),
    wanted=st.none() | FILTERS,
    limit=st.integers(1, 4),
)
def test_pages_together_are_the_whole(
    puts: list[tuple[str, dict[str, Any]]], wanted: dict[str, Any] | None, limit: int
) -> None:
    with tempfile.TemporaryDirectory() as home, PersonalStore(home) as store:
        for key, value in puts:
            store.put(NS, key, value)
        whole = [item.key for item in store.search(NS, filter=wanted, limit=100)]
        pages: list[str] = []
        for offset in range(0, len(whole) + limit, limit):
            page = store.search(NS, filter=wanted, limit=limit, offset=offset)
            assert len(page) <= limit
            pages += [item.key for item in page]
        assert pages == whole
