from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from jarvis_retrievers.errors import InputError
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.index import FlatIndex, RebuildableIndex, Rebuilt, VectorIndex

DIM = 4


def rows(*values: list[float]) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32).reshape(len(values), -1)


def brute_force(
    vectors: dict[int, NDArray[np.float32]], queries: NDArray[np.float32], k: int
) -> tuple[list[list[float]], list[list[int]]]:
    """Sort every inner product in float64, ties by id: the definition, with no numpy sorting in it."""
    scores, ids = [], []
    for query in queries.astype(np.float64):
        ranked = sorted((-float(query @ vector.astype(np.float64)), key) for key, vector in vectors.items())[
            :k
        ]
        pad = k - len(ranked)
        scores.append([-score for score, _ in ranked] + [-np.inf] * pad)
        ids.append([key for _, key in ranked] + [-1] * pad)
    return scores, ids


@pytest.fixture(params=[FlatIndex, FaissIndex])
def make(request: pytest.FixtureRequest) -> Callable[[int], VectorIndex]:
    kind: Callable[[int], VectorIndex] = request.param
    return kind


class TestVectorIndexConformance:
    """What every index must do; runs on each implementation."""

    def test_it_is_a_vector_index(self, make: Callable[[int], VectorIndex]) -> None:
        assert isinstance(make(DIM), VectorIndex)

    def test_search_equals_brute_force(self, make: Callable[[int], VectorIndex]) -> None:
        chance = np.random.default_rng(3)
        index, vectors = make(16), chance.standard_normal((200, 16)).astype(np.float32)
        ids = chance.permutation(10_000)[:200].tolist()
        index.add("ana", ids, vectors)
        queries = chance.standard_normal((7, 16)).astype(np.float32)
        scores, found = index.search("ana", queries, 20)
        expected_scores, expected = brute_force(dict(zip(ids, vectors, strict=True)), queries, 20)
        assert scores.dtype == np.float32
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_allclose(scores, expected_scores, rtol=1e-4, atol=1e-5)

    def test_short_results_are_padded(self, make: Callable[[int], VectorIndex]) -> None:
        index = make(DIM)
        index.add("ana", [5], rows([1, 0, 0, 0]))
        scores, ids = index.search("ana", rows([2, 0, 0, 0], [0, 1, 0, 0]), 3)
        assert ids.tolist() == [[5, -1, -1], [5, -1, -1]]
        assert scores.tolist() == [[2.0, -np.inf, -np.inf], [0.0, -np.inf, -np.inf]]

    def test_an_unknown_owner_and_no_query(self, make: Callable[[int], VectorIndex]) -> None:
        index = make(DIM)
        scores, ids = index.search("nobody", rows([1, 0, 0, 0]), 2)
        assert (scores.tolist(), ids.tolist()) == ([[-np.inf, -np.inf]], [[-1, -1]])
        index.add("ana", [1], rows([1, 0, 0, 0]))
        scores, ids = index.search("ana", np.zeros((0, DIM), np.float32), 2)
        assert scores.shape == ids.shape == (0, 2)
        assert index.count("nobody") == 0
        assert index.remove("nobody", [1]) == 0
        index.delete_owner("nobody")

    @pytest.mark.parametrize("k", [1, 2, 3, 5, 40])
    def test_ties_go_to_the_smaller_id_also_at_the_cut(
        self, make: Callable[[int], VectorIndex], k: int
    ) -> None:
        index = make(DIM)
        ids = [31, 4, 15, 92, 65, 35, 8, 97, 93, 23]
        index.add("ana", ids, rows(*[[1.0, 0, 0, 0]] * 8, [2, 0, 0, 0], [0, 1, 0, 0]))
        ranked = [93, *sorted(ids[:8]), 23]
        _, found = index.search("ana", rows([1, 0, 0, 0]), k)
        assert found[0].tolist() == (ranked + [-1] * 40)[:k]

    def test_owners_are_apart(self, make: Callable[[int], VectorIndex]) -> None:
        index = make(DIM)
        index.add("ana", [1, 2], rows([1, 0, 0, 0], [0, 1, 0, 0]))
        index.add("ben", [2, 3], rows([5, 0, 0, 0], [7, 0, 0, 0]))
        assert index.search("ana", rows([1, 0, 0, 0]), 5)[1].tolist() == [[1, 2, -1, -1, -1]]
        assert index.search("ben", rows([1, 0, 0, 0]), 2)[1].tolist() == [[3, 2]]
        assert index.remove("ana", [2, 3]) == 1
        assert (index.count("ana"), index.count("ben")) == (1, 2)
        index.delete_owner("ana")
        assert (index.count("ana"), index.count("ben")) == (0, 2)
        assert index.search("ana", rows([1, 0, 0, 0]), 1)[1].tolist() == [[-1]]
        index.add("ana", [1], rows([0, 0, 0, 1]))
        assert index.search("ana", rows([0, 0, 0, 1]), 1)[0].tolist() == [[1.0]]

    def test_removed_ids_are_gone_and_may_come_back(self, make: Callable[[int], VectorIndex]) -> None:
        index = make(DIM)
        index.add("ana", [1, 2, 3], rows([1, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 0]))
        assert index.remove("ana", [3, 3, 99]) == 1
        assert index.search("ana", rows([1, 0, 0, 0]), 1)[1].tolist() == [[2]]
        index.add("ana", [3], rows([9, 0, 0, 0]))
        assert index.search("ana", rows([1, 0, 0, 0]), 1)[0].tolist() == [[9.0]]
        assert index.remove("ana", [1, 2, 3]) == 3
        assert index.count("ana") == 0
        assert index.search("ana", rows([1, 0, 0, 0]), 1)[1].tolist() == [[-1]]

    def test_the_largest_id_survives(self, make: Callable[[int], VectorIndex]) -> None:
        index = make(DIM)
        index.add("ana", [2**63 - 1, 0], rows([1, 0, 0, 0], [0, 1, 0, 0]))
        assert index.search("ana", rows([1, 0, 0, 0]), 1)[1].tolist() == [[2**63 - 1]]

    def test_stored_vectors_are_copies(self, make: Callable[[int], VectorIndex]) -> None:
        index, vectors = make(DIM), rows([1, 0, 0, 0])
        index.add("ana", [1], vectors)
        vectors[:] = 9
        assert index.search("ana", rows([1, 1, 1, 1]), 1)[0].tolist() == [[1.0]]

    @pytest.mark.parametrize(
        ("ids", "vectors", "reason"),
        [
            ([7], rows([0, 1, 0, 0]), "in the index already"),
            ([8, 7], rows([0, 1, 0, 0], [0, 1, 0, 0]), "in the index already"),
            ([8, 8], rows([0, 1, 0, 0], [0, 1, 0, 0]), "given twice"),
            ([8], rows([0, 1, 0]), "shape"),
            ([8], np.zeros(DIM, np.float32), "shape"),
            ([8, 9], rows([0, 1, 0, 0]), "one id per vector"),
            ([8, 9], rows([0, 1, 0, 0], [0, np.nan, 0, 0]), "finite"),
            ([8], rows([np.inf, 1, 0, 0]), "finite"),
            ([-1], rows([0, 1, 0, 0]), "from 0 to"),
            ([2**63], rows([0, 1, 0, 0]), "from 0 to"),
            ([1.5], rows([0, 1, 0, 0]), "whole numbers"),
            ([8], np.array([["a", "b", "c", "d"]]), "array of numbers"),
        ],
    )
    def test_a_bad_addition_changes_nothing(
        self, make: Callable[[int], VectorIndex], ids: list[int], vectors: NDArray[np.float32], reason: str
    ) -> None:
        index = make(DIM)
        index.add("ana", [7], rows([1, 0, 0, 0]))
        with pytest.raises(InputError, match=reason):
            index.add("ana", ids, vectors)
        assert index.count("ana") == 1
        assert index.search("ana", rows([1, 0, 0, 0]), 2)[1].tolist() == [[7, -1]]
        with pytest.raises(InputError):
            index.add("ben", [1, 1], rows([0, 1, 0, 0], [0, 1, 0, 0]))
        assert index.count("ben") == 0

    def test_bad_questions_are_refused(self, make: Callable[[int], VectorIndex]) -> None:
        index = make(DIM)
        index.add("ana", [7], rows([1, 0, 0, 0]))
        with pytest.raises(InputError, match="k must"):
            index.search("ana", rows([1, 0, 0, 0]), 0)
        with pytest.raises(InputError, match="shape"):
            index.search("ana", rows([1, 0]), 1)
        with pytest.raises(InputError, match="finite"):
            index.search("ana", rows([np.nan, 0, 0, 0]), 1)
        for call in (index.count, index.delete_owner):
            with pytest.raises(InputError, match="owner"):
                call("")
        with pytest.raises(InputError, match="owner"):
            index.add("", [1], rows([1, 0, 0, 0]))
        with pytest.raises(InputError, match="length"):
            make(0)

    def test_threads_may_share_it(self, make: Callable[[int], VectorIndex]) -> None:
        index, failures = make(DIM), []
        index.add("ana", list(range(1000, 1050)), np.eye(DIM, dtype=np.float32)[np.arange(50) % DIM])

        def work(number: int) -> None:
            try:
                for turn in range(20):
                    key = number * 100 + turn
                    index.add("ana", [key], rows([0, 0, 0, 5 + number]))
                    scores, _ = index.search("ana", rows([0, 0, 0, 1]), 1)
                    assert scores[0, 0] >= 5 + number
                    if turn % 2:
                        assert index.remove("ana", [key]) == 1
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert index.count("ana") == 50 + 6 * 10


OWNERS = st.sampled_from(["ana", "ben"])
# Small whole numbers: products are exact in float32, so ties are ties and values are equal to the last bit.
VECTOR = st.lists(st.integers(-2, 2), min_size=DIM, max_size=DIM)


class FaissAgainstBruteForce(RuleBasedStateMachine):
    """Any history of additions, removals and deletions of two owners leaves what a dictionary would hold."""

    @initialize()
    def start(self) -> None:
        self.index = FaissIndex(DIM)
        self.model: dict[str, dict[int, NDArray[np.float32]]] = {"ana": {}, "ben": {}}

    @rule(owner=OWNERS, items=st.dictionaries(st.integers(0, 12), VECTOR, max_size=6))
    def add(self, owner: str, items: dict[int, list[float]]) -> None:
        vectors = np.array(list(items.values()), dtype=np.float32).reshape(len(items), DIM)
        if self.model[owner].keys() & items.keys():
            with pytest.raises(InputError):
                self.index.add(owner, list(items), vectors)
        else:
            self.index.add(owner, list(items), vectors)
            self.model[owner].update(zip(items, vectors, strict=True))

    @rule(owner=OWNERS, ids=st.lists(st.integers(0, 12), max_size=5))
    def remove(self, owner: str, ids: list[int]) -> None:
        there = self.model[owner].keys() & set(ids)
        assert self.index.remove(owner, ids) == len(there)
        for key in there:
            del self.model[owner][key]

    @rule(owner=OWNERS)
    def delete(self, owner: str) -> None:
        self.index.delete_owner(owner)
        self.model[owner] = {}

    @rule(owner=OWNERS, query=VECTOR, k=st.integers(1, 8))
    def search(self, owner: str, query: list[float], k: int) -> None:
        scores, ids = self.index.search(owner, rows(query), k)
        expected_scores, expected = brute_force(self.model[owner], rows(query), k)
        assert ids.tolist() == expected
        assert scores.tolist() == expected_scores

    @invariant()
    def counts(self) -> None:
        for owner in ("ana", "ben"):
            assert self.index.count(owner) == len(self.model[owner])


FaissAgainstBruteForce.TestCase.settings = settings(deadline=None, max_examples=40, stateful_step_count=20)
TestFaissAgainstBruteForce = FaissAgainstBruteForce.TestCase


def test_the_two_indexes_agree_on_real_vectors() -> None:
    chance = np.random.default_rng(11)
    vectors = chance.standard_normal((300, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    flat, faiss = FlatIndex(32), FaissIndex(32)
    for start, stop in [(0, 100), (100, 300)]:
        flat.add("ana", list(range(start, stop)), vectors[start:stop])
        faiss.add("ana", list(range(start, stop)), vectors[start:stop])
    np.testing.assert_array_equal(
        flat.search("ana", vectors[:9], 10)[1], faiss.search("ana", vectors[:9], 10)[1]
    )


def test_the_reference_is_rebuilt_from_the_record() -> None:
    index = FlatIndex(DIM)
    index.add("ana", [1, 2, 3], rows([1, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 0]))
    index.add("ben", [1], rows([1, 0, 0, 0]))
    assert isinstance(index, RebuildableIndex)
    assert not isinstance(FaissIndex(DIM), RebuildableIndex)
    assert index.rebuild("ana", [3, 2, 9], rows([3, 0, 0, 0], [0, 2, 0, 0], [9, 0, 0, 0])) == Rebuilt(1, 2, 2)
    assert index.search("ana", rows([1, 0, 0, 0]), 4)[1].tolist() == [[9, 3, 2, -1]]
    with pytest.raises(InputError, match="given twice"):
        index.rebuild("ana", [1, 1], rows([1, 0, 0, 0], [1, 0, 0, 0]))
    assert (index.count("ana"), index.count("ben")) == (3, 1)
