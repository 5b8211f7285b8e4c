"""Snapshots of clusters: they answer the same, follow changes, and are read with care."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from jarvis_retrievers.cluster_snapshot import ClusterSnapshot
from jarvis_retrievers.clusters import ClusterPlan, Clusters
from jarvis_retrievers.errors import CorruptRecordError, StoreError
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.snapshots import MemorySnapshots
from tests.retrievers.test_clusters import DIM, PLAN, grouped

IDS = np.arange(3000, dtype=np.int64) * 7 + 5


@pytest.fixture(scope="module")
def clusters() -> Clusters:
    made = Clusters.build(IDS, grouped(3000), PLAN)
    assert made is not None
    return made


@pytest.fixture(scope="module")
def snapshot(clusters: Clusters) -> ClusterSnapshot:
    return clusters.snapshot()


def test_a_snapshot_answers_the_same(clusters: Clusters) -> None:
    data = clusters.snapshot().to_bytes()
    assert len(data) < 3000 * DIM * 4  # the vectors are not in it
    order = np.random.default_rng(1).permutation(3000)
    read = ClusterSnapshot.from_bytes(data, DIM)
    again = Clusters.restore(read, IDS[order], grouped(3000)[order], PLAN)
    assert again is not None
    assert (again.probes, again.recall, again.found_for) == (clusters.probes, clusters.recall, 3000)
    queries = grouped(20, seed=3)
    for one, other in zip(again.search(queries, 7), clusters.search(queries, 7), strict=True):
        np.testing.assert_array_equal(one, other)
    again.remove(IDS[:1])  # it may be changed like any other
    assert sorted(again.ids().tolist()) == IDS[1:].tolist()


def test_what_has_changed_since_is_followed(snapshot: ClusterSnapshot) -> None:
    """A third is gone and some are new: new ones go where the quantizer of FAISS would put them."""
    matrix, fresh = grouped(3000), grouped(500, seed=8)
    ids = np.concatenate([IDS[1000:], np.arange(500, dtype=np.int64) * 7 + 1])
    rows = np.concatenate([matrix[1000:], fresh])
    made = Clusters.restore(snapshot, ids, rows, PLAN)
    assert made is not None
    assert sorted(made.ids().tolist()) == sorted(ids.tolist())
    np.testing.assert_array_equal(made.search(rows[::7], 1)[1][:, 0], ids[::7])
    after = made.snapshot()
    place = dict(zip(after.ids.tolist(), after.lists.tolist(), strict=True))
    nearest = (fresh.astype(float) @ snapshot.centres.astype(float).T).argmax(axis=1)
    assert [place[key] for key in ids[2000:].tolist()] == nearest.tolist()


@pytest.mark.parametrize(
    ("ids", "recall"),
    [(np.arange(3000, dtype=np.int64) * 7 + 4, 0.9), (IDS, 1.0)],
    ids=["none of them is known", "its recall is too low"],
)
def test_a_stale_snapshot_is_not_used(
    snapshot: ClusterSnapshot, ids: NDArray[np.int64], recall: float
) -> None:
    told = replace(snapshot, recall=0.95)
    assert Clusters.restore(told, ids, grouped(3000), ClusterPlan(least=500, recall=recall)) is None


def test_clusters_of_half_as_many_are_not_used(snapshot: ClusterSnapshot) -> None:
    assert Clusters.restore(replace(snapshot, found_for=1500), IDS, grouped(3000), PLAN) is None
    assert Clusters.restore(replace(snapshot, found_for=1501), IDS, grouped(3000), PLAN) is not None


@pytest.mark.parametrize("data", [b"", b"\0" * 7, b"no snapshot of anything at all", b"\xff" * 200])
def test_what_is_no_snapshot_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptRecordError, match="no snapshot"):
        ClusterSnapshot.from_bytes(data, DIM)


def test_numbers_of_a_snapshot_are_checked(snapshot: ClusterSnapshot) -> None:
    centres, ids, lists = snapshot.centres.copy(), snapshot.ids.copy(), snapshot.lists.copy()
    centres[0, 0], ids[1], lists[2] = np.nan, ids[0], len(centres)
    wrong = [
        replace(snapshot, centres=centres),
        replace(snapshot, centres=snapshot.centres[:0]),
        replace(snapshot, ids=ids),
        replace(snapshot, ids=-snapshot.ids),
        replace(snapshot, ids=snapshot.ids[1:]),
        replace(snapshot, lists=lists),
        replace(snapshot, lists=-1 - snapshot.lists),
        replace(snapshot, lists=snapshot.lists.astype(np.int64)),
        replace(snapshot, probes=0),
        replace(snapshot, probes=len(centres) + 1),
        replace(snapshot, recall=float("nan")),
        replace(snapshot, found_for=0),
    ]
    for one in wrong:
        with pytest.raises(CorruptRecordError, match="no snapshot"):
            ClusterSnapshot.from_bytes(one.to_bytes(), DIM)
    whole = snapshot.to_bytes()
    with pytest.raises(CorruptRecordError, match="no snapshot"):
        ClusterSnapshot.from_bytes(whole, DIM + 1)
    with pytest.raises(CorruptRecordError, match="no snapshot"):
        ClusterSnapshot.from_bytes(whole[:-1], DIM)
    np.testing.assert_array_equal(ClusterSnapshot.from_bytes(whole, DIM).lists, snapshot.lists)


def built(kept: MemorySnapshots, ids: NDArray[np.int64], owner: str = "ana") -> FaissIndex:
    index = FaissIndex(DIM, PLAN, snapshots=kept)
    index.add(owner, ids.tolist(), grouped(3000)[: len(ids)])
    index.vectors(owner).settle()
    return index


def test_clusters_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, found, real = MemorySnapshots(), [], Clusters.build

    def counted(ids: NDArray[np.int64], matrix: NDArray[np.float32], plan: ClusterPlan) -> Clusters | None:
        found.append(len(ids))
        return real(ids, matrix, plan)

    monkeypatch.setattr(Clusters, "build", counted)
    queries = grouped(30, seed=4)
    first = built(kept, IDS)
    second = built(kept, IDS)
    assert len(found) == 1
    np.testing.assert_array_equal(first.search("ana", queries, 5)[1], second.search("ana", queries, 5)[1])
    built(kept, IDS, "ben")  # another owner has none yet
    assert len(found) == 2


def test_a_damaged_snapshot_is_made_anew(caplog: pytest.LogCaptureFixture) -> None:
    kept = MemorySnapshots()
    kept.write("ana", b"rotten")
    with caplog.at_level(logging.WARNING):
        index = built(kept, IDS)
    assert "damage.found" in caplog.text
    assert index.vectors("ana").clusters is not None
    assert ClusterSnapshot.from_bytes(kept.read("ana") or b"", DIM).found_for == 3000


def test_a_snapshot_that_cannot_be_kept_costs_time_only(caplog: pytest.LogCaptureFixture) -> None:
    class Full(MemorySnapshots):
        def write(self, owner: str, data: bytes) -> None:
            raise StoreError("no room")

    with caplog.at_level(logging.WARNING):
        index = built(Full(), IDS)
    assert "cache.unkept" in caplog.text
    assert index.search("ana", grouped(3000)[:1], 1)[1].tolist() == [[5]]


def test_what_is_removed_leaves_the_snapshot_when_it_is_kept() -> None:
    kept = MemorySnapshots()
    index = built(kept, IDS)
    index.remove("ana", IDS[:10].tolist())
    index.keep("ana")
    data = kept.read("ana")
    assert data is not None
    assert sorted(ClusterSnapshot.from_bytes(data, DIM).ids.tolist()) == IDS[10:].tolist()


def test_nothing_is_left_of_a_deleted_owner() -> None:
    kept = MemorySnapshots()
    index = FaissIndex(DIM, PLAN, snapshots=kept)
    index.add("ana", IDS.tolist(), grouped(3000))
    making = index.vectors("ana")
    index.delete_owner("ana")
    making.settle()  # clusters that come too late are not kept
    assert kept.read("ana") is None


def test_a_header_that_is_too_deep_is_refused() -> None:
    for head in (b"[" * 100_000, b'{"__metadata__":' * 20_000):
        with pytest.raises(CorruptRecordError, match="no snapshot"):
            ClusterSnapshot.from_bytes(len(head).to_bytes(8, "little") + head, DIM)
