"""Many vectors: clusters reach the recall they were asked for, follow changes, and are read with care."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from jarvis_retrievers.clusters import ClusterPlan, Clusters
from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.faiss_index import FaissIndex, VectorSource
from jarvis_retrievers.owner_vectors import OwnerVectors
from jarvis_retrievers.vectors import alone, load_faiss

DIM = 24
PLAN = ClusterPlan(least=500, samples=64)


def grouped(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors around fifty centres, as views of fifty things are."""
    chance = np.random.default_rng(seed)
    centres = chance.standard_normal((50, DIM))
    vectors = centres[chance.integers(0, 50, count)] + 0.5 * chance.standard_normal((count, DIM))
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def nearest(vectors: dict[int, NDArray[np.float32]], query: NDArray[np.float32], k: int) -> list[int]:
    """By definition, in float64."""
    ranked = sorted((-float(query.astype(float) @ v.astype(float)), key) for key, v in vectors.items())
    return [key for _, key in ranked[:k]]


@pytest.fixture(scope="module")
def built() -> tuple[Clusters, dict[int, NDArray[np.float32]]]:
    matrix, ids = grouped(3000), np.arange(3000, dtype=np.int64) * 7 + 5
    clusters = Clusters.build(ids, matrix, PLAN)
    assert clusters is not None
    return clusters, dict(zip(ids.tolist(), matrix, strict=True))


def test_the_recall_is_reached_with_few_clusters(
    built: tuple[Clusters, dict[int, NDArray[np.float32]]],
) -> None:
    clusters, vectors = built
    assert clusters.recall >= PLAN.recall
    assert clusters.probes <= round(4 * 3000**0.5) // 4
    # Other queries than those it was measured with, as far from a stored vector.
    step = np.random.default_rng(5).standard_normal((100, DIM))
    queries = grouped(3000)[::30] + (PLAN.noise * step / np.linalg.norm(step, axis=1)[:, None])
    queries = queries.astype(np.float32)
    scores, found = clusters.search(queries, 10)
    right = [len(set(nearest(vectors, q, 10)) & set(f.tolist())) for q, f in zip(queries, found, strict=True)]
    assert sum(right) / 1000 >= 0.97
    for query, row, keys in zip(queries, scores, found, strict=True):
        assert (np.diff(row) <= 0).all()
        np.testing.assert_allclose(row, [vectors[int(key)] @ query for key in keys], rtol=1e-4, atol=1e-5)


def test_what_has_no_groups_stays_exact() -> None:
    chance = np.random.default_rng(1)
    matrix = chance.standard_normal((800, 200)).astype(np.float32)
    plan = ClusterPlan(least=500, recall=1.0, noise=5.0)
    assert Clusters.build(np.arange(800, dtype=np.int64), matrix, plan) is None
    owner = OwnerVectors(200, plan)
    owner.add(np.arange(800, dtype=np.int64), matrix)
    owner.settle()
    assert owner.clusters is None
    assert owner.search(matrix[:5], 1)[1].ravel().tolist() == [0, 1, 2, 3, 4]


@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_any_history_leaves_what_a_dictionary_would_hold(data: st.DataObject) -> None:
    """Exact and in clusters, also with changes while clusters are being made."""
    owner = OwnerVectors(DIM, ClusterPlan(least=60, samples=16, recall=1.0, noise=0.0))
    model: dict[int, NDArray[np.float32]] = {}
    pool = grouped(400, seed=data.draw(st.integers(0, 3)))
    for _ in range(data.draw(st.integers(2, 8))):
        if data.draw(st.booleans()):
            free = [key for key in range(400) if key not in model]
            ids = data.draw(st.lists(st.sampled_from(free), unique=True, max_size=80)) if free else []
            owner.add(np.array(ids, dtype=np.int64), pool[ids])
            model |= {key: pool[key] for key in ids}
        else:
            ids = data.draw(st.lists(st.integers(0, 399), max_size=40))
            assert owner.remove(np.array(ids, dtype=np.int64)) == len(model.keys() & set(ids))
            model = {key: row for key, row in model.items() if key not in ids}
    owner.settle()
    assert len(owner) == len(model)
    for key, row in list(model.items())[:10]:
        scores, found = owner.search(row[None], 1)
        assert scores[0, 0] == pytest.approx(1.0, abs=1e-5)
        assert found[0, 0] == key
    everything = owner.search(pool[:1], 400)[1][0]
    if owner.clusters is None:
        assert set(everything[everything >= 0].tolist()) == set(model)
    else:
        assert set(owner.clusters.ids().tolist()) == set(model)


def test_a_small_search_stays_in_its_thread_and_a_large_one_does_not() -> None:
    faiss = load_faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        with alone(1000):
            assert faiss.omp_get_max_threads() == 1
        with pytest.raises(ZeroDivisionError), alone(1000):
            _ = 1 // 0
        assert faiss.omp_get_max_threads() == 3
        with alone(10**9):
            assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(before)


def test_searches_go_on_while_clusters_are_made() -> None:
    matrix = grouped(4000)
    owner = OwnerVectors(DIM, ClusterPlan(least=3000, samples=32))
    owner.add(np.arange(2900, dtype=np.int64), matrix[:2900])
    assert owner.clusters is None
    owner.add(np.arange(2900, 3600, dtype=np.int64), matrix[2900:3600])
    # These come while the clusters are made, or just behind; both must hold.
    owner.add(np.arange(3600, 4000, dtype=np.int64), matrix[3600:])
    assert owner.remove(np.arange(0, 4000, 2, dtype=np.int64)) == 2000
    assert owner.search(matrix[1:2], 1)[1][0, 0] == 1
    owner.settle()
    assert owner.clusters is not None
    assert sorted(owner.clusters.ids().tolist()) == list(range(1, 4000, 2))
    found = owner.search(matrix[1::2], 1)[1][:, 0]
    assert (found == np.arange(1, 4000, 2)).mean() >= 0.99
    with pytest.raises(InputError, match="already"):
        owner.add(np.array([1], dtype=np.int64), matrix[:1])


def test_clusters_are_found_anew_when_there_are_twice_as_many() -> None:
    matrix = grouped(2000)
    owner = OwnerVectors(DIM, ClusterPlan(least=500, samples=32))
    owner.add(np.arange(600, dtype=np.int64), matrix[:600])
    owner.settle()
    first = owner.clusters
    owner.add(np.arange(600, 1100, dtype=np.int64), matrix[600:1100])
    owner.settle()
    assert owner.clusters is first
    owner.add(np.arange(1100, 2000, dtype=np.int64), matrix[1100:])
    owner.settle()
    assert owner.clusters is not first
    assert (owner.search(matrix, 1)[1][:, 0] == np.arange(2000)).mean() >= 0.99


class Record:
    """The record of several owners, which counts how often it is read."""

    def __init__(self, owners: dict[str, NDArray[np.float32]]) -> None:
        self.owners, self.read = owners, dict.fromkeys(owners, 0)

    def vectors_of(self, owner: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        rows = self.owners.get(owner, np.zeros((0, DIM), np.float32))
        self.read[owner] = self.read.get(owner, 0) + 1
        return np.arange(len(rows), dtype=np.int64), rows


def test_owners_are_read_when_asked_for_and_leave_when_there_are_too_many() -> None:
    record = Record({f"owner-{n}": grouped(100, seed=n) for n in range(4)})
    assert isinstance(record, VectorSource)
    one = FaissIndex(DIM, source=record)
    one.count("owner-0")
    index = FaissIndex(DIM, source=record, quota=2 * one.nbytes)
    record.read.clear()
    for owner in ("owner-0", "owner-1", "owner-0", "owner-2", "owner-0", "owner-1"):
        rows = record.owners[owner]
        assert index.search(owner, rows[:1], 1)[1].tolist() == [[0]]
        assert index.nbytes <= 2 * one.nbytes
    # Owner 1 had to go for owner 2, being used longest ago, and was read again.
    assert record.read == {"owner-0": 1, "owner-1": 2, "owner-2": 1}


def test_the_record_is_changed_first_and_the_index_told() -> None:
    record = Record({"ana": grouped(10)})
    index = FaissIndex(DIM, source=record, quota=10**9)
    new = grouped(12)[10:]
    record.owners["ana"] = np.concatenate([record.owners["ana"], new])
    index.add("ana", [10, 11], new)  # not in memory: read with the rest when it is asked for
    assert index.count("ana") == 12
    record.owners["ana"] = record.owners["ana"][:11]
    assert index.remove("ana", [11]) == 1
    assert index.count("ana") == 11
    index.add("ana", [10], new[:1])  # read already: let through
    assert index.count("ana") == 11
    assert record.read["ana"] == 1


def test_one_owner_larger_than_the_quota_is_still_served() -> None:
    record = Record({"ana": grouped(50), "ben": grouped(50, seed=1)})
    index = FaissIndex(DIM, source=record, quota=0)
    for owner in ("ana", "ben", "ana"):
        assert index.search(owner, record.owners[owner][:1], 1)[1].tolist() == [[0]]
    assert record.read == {"ana": 2, "ben": 1}


def test_an_owner_asked_for_by_many_threads_is_read_once() -> None:
    record = Record({"ana": grouped(200)})
    index = FaissIndex(DIM, source=record)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(index.count("ana"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 8
    assert record.read == {"ana": 1}


@pytest.mark.parametrize(
    "change", [{"least": 1}, {"recall": 0.0}, {"recall": 1.5}, {"samples": 0}, {"noise": -1.0}, {"train": 0}]
)
def test_a_plan_is_checked(change: dict[str, float]) -> None:
    with pytest.raises(SettingError):
        ClusterPlan(**change)  # type: ignore[arg-type]


def test_a_quota_needs_a_source() -> None:
    with pytest.raises(SettingError, match="source"):
        FaissIndex(DIM, quota=5)
    with pytest.raises(SettingError, match="0 or more"):
        FaissIndex(DIM, source=Record({}), quota=-1)
