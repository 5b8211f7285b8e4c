from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.exact import ExactVectors
from jarvis_retrievers.mmr import maximal_marginal_relevance


def brute(
    rows: dict[int, NDArray[np.float32]], query: NDArray[np.float32], k: int, among: set[int] | None
) -> list[int]:
    scores = {key: float(row @ query) for key, row in rows.items() if among is None or key in among}
    return sorted(scores, key=lambda key: (-scores[key], key))[:k]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_as_brute_force(data: st.DataObject) -> None:
    """Small whole numbers, so that products are exact and ties are many."""
    row = st.lists(st.integers(-2, 2), min_size=3, max_size=3)
    vectors, rows = ExactVectors(3), dict[int, NDArray[np.float32]]()
    for _ in range(data.draw(st.integers(1, 6))):
        if data.draw(st.booleans()):
            keys = data.draw(st.lists(st.integers(0, 12), unique=True, max_size=6))
            some = np.array([data.draw(row) for _ in keys], np.float32).reshape(-1, 3)
            vectors.put(keys, some)
            rows.update(zip(keys, some, strict=True))
        else:
            keys = data.draw(st.lists(st.integers(0, 12), max_size=4))
            assert vectors.remove(keys) == len(rows.keys() & set(keys))
            for key in keys:
                rows.pop(key, None)
        k = data.draw(st.integers(1, 15))
        among = data.draw(st.none() | st.sets(st.integers(0, 15), max_size=8))
        query = np.array(data.draw(row), np.float32)
        scores, found = vectors.search(query[None], k, among)
        wanted = brute(rows, query, k, among)
        assert found[0].tolist() == wanted + [-1] * (k - len(wanted))
        assert scores[0, : len(wanted)].tolist() == [float(rows[key] @ query) for key in wanted]
        assert len(vectors) == len(rows)
        assert np.array_equal(
            vectors.rows(sorted(rows)), np.array([rows[k] for k in sorted(rows)]).reshape(-1, 3)
        )


def test_what_cannot_be_put_changes_nothing() -> None:
    vectors = ExactVectors(2)
    vectors.put([1], np.ones((1, 2)))
    for keys, rows in (
        ([1, 1], np.zeros((2, 2))),
        ([1], np.full((1, 2), np.nan)),
        ([1], np.zeros((1, 3))),
        ([-1], np.zeros((1, 2))),
        ([1, 2], np.zeros((1, 2))),
    ):
        with pytest.raises(InputError):
            vectors.put(keys, rows)
    assert vectors.rows([1]).tolist() == [[1.0, 1.0]]
    with pytest.raises(KeyError):
        vectors.rows([2])
    with pytest.raises(InputError):
        ExactVectors(0)


def test_diverse_first_the_nearest_then_what_is_unlike() -> None:
    rows = np.array([[0.9, 0.1], [1.0, 0.0], [1.0, 0.01], [0.0, 1.0], [0.0, 0.0]])
    query = np.array([1.0, 0.0])
    assert maximal_marginal_relevance(query, rows, 5, 1.0) == [1, 2, 0, 3, 4]
    assert maximal_marginal_relevance(query, rows, 2, 0.0) == [1, 3]
    assert maximal_marginal_relevance(query, rows, 0) == []
    assert maximal_marginal_relevance(query, np.zeros((0, 2)), 3) == []
    for balance in (-0.1, 1.1, float("nan")):
        with pytest.raises(SettingError, match="from 0 to 1"):
            maximal_marginal_relevance(query, rows, 2, balance)
