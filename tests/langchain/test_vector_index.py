"""`LangChainVectorIndex` on stores in memory, and on stores that do not do as they are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

from jarvis_plugins.common.row_space import RowSpace
from jarvis_plugins.common.sealed_row import row_text
from jarvis_plugins.langchain import FaissVectorStore, LangChainVectorIndex, RowEmbeddings
from jarvis_retrievers.errors import InputError, SettingError, StaleIndexError, StoreError
from jarvis_retrievers.index import FlatIndex, Rebuilt, VectorIndex
from tests.retrievers import test_index

SECRET = bytes(range(32))
Make = Callable[[int], VectorIndex]


class TestInMemory(test_index.TestVectorIndexConformance):
    @pytest.fixture
    def make(self) -> Make:
        def made(dim: int) -> VectorIndex:
            rows = RowEmbeddings(dim, longest=64)
            return LangChainVectorIndex(InMemoryVectorStore(rows), rows, secret=SECRET)

        return made


class TestOurOwn(test_index.TestVectorIndexConformance):
    @pytest.fixture
    def make(self) -> Make:
        def made(dim: int) -> VectorIndex:
            rows = RowEmbeddings(dim, longest=64)
            return LangChainVectorIndex(FaissVectorStore(rows), rows, secret=SECRET)

        return made


class Faulty(InMemoryVectorStore):
    """Does not do as it is told, in ways that are switched on."""

    def __init__(self, embedding: RowEmbeddings) -> None:
        super().__init__(embedding)
        self.faults: set[str] = set()
        self.wrote = 0

    def add_documents(
        self, documents: list[Document], ids: list[str] | None = None, **more: Any
    ) -> list[str]:
        self.wrote += len(documents)
        if "full" in self.faults:
            super().add_documents(documents[:1], ids=(ids or [])[:1])
            raise OSError("no room")
        if "own ids" in self.faults:
            return super().add_documents(documents, ids=[f"{id}-x" for id in ids or []])
        if "loses" in self.faults:
            return list(ids or [])
        return super().add_documents(documents, ids=ids, **more)

    def delete(self, ids: Sequence[str] | None = None, **more: Any) -> bool | None:  # type: ignore[override]
        if "refuses" in self.faults:
            return False
        return None if "keeps" in self.faults else super().delete(ids, **more)

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **more: Any) -> list[Document]:
        if "down" in self.faults:
            raise TimeoutError("no answer")
        if "no filter" in self.faults:
            more = {}
        return super().similarity_search_by_vector(embedding, k, **more)


def unit(count: int, dim: int = 8, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


@pytest.fixture
def store() -> Faulty:
    return Faulty(RowEmbeddings(8))


@pytest.fixture
def index(store: Faulty) -> LangChainVectorIndex:
    return again(store)


def again(store: Faulty, secret: bytes = SECRET, **more: Any) -> LangChainVectorIndex:
    """As another process opens it."""
    rows = store.embeddings
    assert isinstance(rows, RowEmbeddings)
    return LangChainVectorIndex(store, rows, secret=secret, **more)


def test_a_store_that_ignores_the_filter_leaks_nothing(store: Faulty, index: LangChainVectorIndex) -> None:
    rows = unit(40)
    index.add("ana", range(20), rows[:20])
    index.add("ben", range(20), rows[20:])
    store.faults = {"no filter"}
    for who in ("ana", "ben"):
        with pytest.raises(StoreError, match="another owner"):
            index.search(who, rows[:1], 3)
        with pytest.raises(StoreError, match="another owner"):
            again(store).count(who)
    store.store["x"] = {"id": "x", "vector": rows[0].tolist(), "text": "hello", "metadata": {}}
    with pytest.raises(StoreError, match="collection of its own"):
        index.search("ana", rows[:1], 3)


def test_nothing_of_an_owner_can_be_read_from_another(store: Faulty, index: LangChainVectorIndex) -> None:
    index.add("ana", range(5), unit(5))
    assert "ana" not in str(store.store.values())
    # The same text under another owner's tag, or a changed number, is not believed.
    (tag,) = {one["metadata"]["jarvis_owner"] for one in store.store.values()}
    index.add("ben", [9], unit(1, seed=1))
    (other,) = {one["metadata"]["jarvis_owner"] for one in store.store.values()} - {tag}
    stolen = next(one for one in store.store.values() if one["metadata"]["jarvis_owner"] == tag)
    stolen["metadata"] = {"jarvis_owner": other}
    with pytest.raises(StoreError, match="another owner"):
        again(store).search("ben", unit(1), 2)
    assert again(store, bytes(16)).count("ana") == 0


def test_what_was_lost_or_changed_is_found_and_rebuilt(store: Faulty, index: LangChainVectorIndex) -> None:
    rows, queries = unit(60), unit(4, seed=7)
    index.add("ben", [3], rows[:1])
    index.add("ana", range(60), rows)
    flat = FlatIndex(8)
    flat.add("ana", range(60), rows)
    assert again(store).rebuild("ana", range(60), rows) == Rebuilt(60, 0, 0)
    key = index._seal.key
    del store.store[key("ana", 5)]
    damaged = store.store[key("ana", 7)]
    damaged["text"] = (
        damaged["text"][:40] + ("A" if damaged["text"][40] != "A" else "B") + damaged["text"][41:]
    )
    index.add("ana", [77], rows[:1])  # more than the record has
    fresh = again(store)
    assert fresh.count("ana") == 59
    # Who thinks that all is there is told; a whole list shows what is missing.
    with pytest.raises(StaleIndexError):
        index.search("ana", queries, 61)
    wrote = store.wrote
    assert fresh.rebuild("ana", range(60), rows) == Rebuilt(58, 2, 1)
    assert store.wrote == wrote + 2
    for k in (3, 60, 80):
        np.testing.assert_array_equal(fresh.search("ana", queries, k)[1], flat.search("ana", queries, k)[1])
    assert (fresh.count("ben"), again(store).count("ana")) == (1, 60)
    # Other numbers under a known id, and a lost collection.
    assert fresh.rebuild("ana", range(60), -rows) == Rebuilt(0, 60, 60)
    store.store.clear()
    with pytest.raises(StaleIndexError, match="rebuild"):
        fresh.search("ana", queries[:1], 3)
    assert fresh.rebuild("ana", range(60), rows) == Rebuilt(0, 60, 0)


def test_many_more_than_can_be_listed(store: Faulty) -> None:
    rows, queries = unit(50), unit(3, seed=7)
    index = again(store, most=20)
    index.add("ana", range(50), rows)
    flat = FlatIndex(8)
    flat.add("ana", range(50), rows)
    np.testing.assert_array_equal(index.search("ana", queries, 5)[1], flat.search("ana", queries, 5)[1])
    with pytest.raises(StaleIndexError, match="rebuild the index from the record"):
        again(store, most=20).count("ana")
    fresh = again(store, most=20)
    assert fresh.rebuild("ana", range(50), rows).added == 50
    assert (fresh.count("ana"), len(store.store)) == (50, 50)
    np.testing.assert_array_equal(fresh.search("ana", queries, 5)[1], flat.search("ana", queries, 5)[1])
    fresh.delete_owner("ana")
    assert store.store == {}


def test_failures_are_told_and_leave_nothing_half(store: Faulty, index: LangChainVectorIndex) -> None:
    rows = unit(9)
    index.add("ana", [1], rows[:1])
    for fault, word in (("full", "OSError: no room"), ("own ids", "ids of its own")):
        store.faults = {fault}
        with pytest.raises(StoreError, match=word):
            index.add("ana", [2, 3], rows[1:3])
        store.faults = set()
        assert index.count("ana") == 1
        assert len(store.store) == 1
    store.faults = {"refuses"}
    with pytest.raises(StoreError, match="did not delete"):
        index.remove("ana", [1])
    store.faults = {"keeps"}
    with pytest.raises(StoreError, match="goes on giving"):
        index.delete_owner("ana")
    # What it keeps although it was removed is given to nobody.
    store.faults = set()
    index.add("ana", [1, 2], rows[:2]) if index.count("ana") == 0 else index.add("ana", [2], rows[1:2])
    store.faults = {"keeps"}
    assert index.remove("ana", [1]) == 1
    assert index.search("ana", rows[:1], 2)[1].tolist() == [[2, -1]]
    store.faults = {"down"}
    with pytest.raises(StoreError, match="failed to search: TimeoutError: no answer"):
        index.search("ana", rows[:1], 1)


def test_each_owner_may_have_a_store(store: Faulty) -> None:
    rows, made = RowEmbeddings(8), dict[str, InMemoryVectorStore]()

    def store_of(tag: str) -> InMemoryVectorStore:
        return made.setdefault(tag, InMemoryVectorStore(rows))

    index = LangChainVectorIndex(store_of, rows, secret=SECRET)
    vectors = unit(6)
    index.add("ana", [1, 2], vectors[:2])
    index.add("ben", [2, 3], vectors[2:4])
    assert [len(one.store) for one in made.values()] == [2, 2]
    assert index.search("ana", vectors[2:3], 5)[1][0, 2:].tolist() == [-1, -1, -1]
    index.delete_owner("ana")
    assert [len(one.store) for one in made.values()] == [0, 2]


class TextOnly(Faulty):
    """Can be asked with a text alone."""

    similarity_search_by_vector = VectorStore.similarity_search_by_vector

    def similarity_search(self, query: str, k: int = 4, **more: Any) -> list[Document]:
        vector = self.embedding.embed_query(query)
        return InMemoryVectorStore.similarity_search_by_vector(self, vector, k, **more)


def test_a_store_that_takes_no_vectors_is_asked_with_a_text() -> None:
    rows, index = unit(30), again(TextOnly(RowEmbeddings(8)))
    index.add("ana", range(30), rows)
    flat = FlatIndex(8)
    flat.add("ana", range(30), rows)
    np.testing.assert_array_equal(index.search("ana", -rows[:1], 4)[1], flat.search("ana", -rows[:1], 4)[1])


class CannotDelete(InMemoryVectorStore):
    delete = VectorStore.delete  # type: ignore[assignment]


def test_what_cannot_be_used_is_refused_in_one_line() -> None:
    rows = RowEmbeddings(8)
    for store, options, word in (
        (InMemoryVectorStore(RowEmbeddings(8)), {}, "does not embed with these rows"),
        (CannotDelete(rows), {}, "cannot delete"),
        (InMemoryVectorStore(rows), {"secret": b"short"}, "16 bytes or more"),
        (InMemoryVectorStore(rows), {"most": 0}, "most must be"),
    ):
        with pytest.raises(SettingError, match=word) as error:
            LangChainVectorIndex(store, rows, **({"secret": SECRET} | options))
        assert "\n" not in str(error.value)
    with pytest.raises(SettingError, match="got dict"):
        LangChainVectorIndex(lambda tag: {}, rows, secret=SECRET).count("ana")  # type: ignore[arg-type,return-value]
    index = LangChainVectorIndex(InMemoryVectorStore(rows), rows, secret=SECRET)
    with pytest.raises(InputError, match=r"length 1, got one of 2.*set longest"):
        index.add("ana", [1, 2], 2 * unit(2))
    assert index.count("ana") == 0
    with pytest.raises(InputError, match="longer than 2"):
        RowEmbeddings(8, longest=2).space.stored(3 * unit(1))
    with pytest.raises(SettingError, match="longest"):
        RowEmbeddings(8, longest=0)
    for text in ("dummy_text", "jarvis-row-1:", "jarvis-row-1:!!", row_text(unit(1, dim=9)[0])):
        with pytest.raises(InputError, match="validate_collection_config"):
            rows.embed_query(text)
    assert rows.embed_documents([]) == []


@given(st.lists(st.lists(st.integers(-9, 9), min_size=3, max_size=3), min_size=2, max_size=12), st.data())
@settings(deadline=None, max_examples=60)
def test_the_order_of_cosines_and_distances_is_that_of_products(
    rows: list[list[int]], data: st.DataObject
) -> None:
    query = np.array(data.draw(st.lists(st.integers(-5, 5), min_size=3, max_size=3)), np.float32)
    matrix = np.array(rows, np.float32)
    space = RowSpace(3, longest=16.0)
    stored, asked = space.stored(matrix), np.array(space.asked(query))
    np.testing.assert_allclose(np.linalg.norm(stored, axis=1), 1.0, atol=1e-12)
    products = matrix.astype(np.float64) @ query.astype(np.float64)
    length = np.linalg.norm(query) or 1.0
    if query.any():
        np.testing.assert_allclose(stored @ asked * length * 16.0, products, atol=1e-9)
        distances = np.linalg.norm(stored - asked, axis=1) ** 2
        np.testing.assert_allclose((2 - distances) / 2 * length * 16.0, products, atol=1e-9)
