"""Clusters of an owner's index in the home: found once, and gone with what they were found for."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from jarvis_memory import PersonalMemory, finder
from jarvis_memory.snapshots import StoredSnapshots
from jarvis_pocket.exam import Exam
from jarvis_retrievers import ClusterPlan, ClusterSnapshot, FaissIndex
from jarvis_retrievers.clusters import Clusters
from jarvis_retrievers.errors import InputError
from tests.memory.conftest import Opener

PLAN = ClusterPlan(least=10, samples=16, recall=0.5, noise=0.1)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many vectors clusters were found for, each time; an owner is large with ten here."""
    counts: list[int] = []
    real = Clusters.build

    def counted(ids: NDArray[np.int64], matrix: NDArray[np.float32], plan: ClusterPlan) -> Clusters | None:
        counts.append(len(ids))
        return real(ids, matrix, plan)

    monkeypatch.setattr(Clusters, "build", counted)
    monkeypatch.setattr(finder, "FaissIndex", partial(FaissIndex, plan=PLAN))
    return counts


def asked(memory: PersonalMemory, exam: Exam) -> set[int]:
    """Ask, wait for the clusters, and give the ids of the snapshot in the home."""
    memory.recall(images=[exam.photos[0][0]])
    index = memory._engine.finder._current().index
    assert isinstance(index, FaissIndex)
    index.vectors(memory.owner).settle()
    encoder = memory._engine.encoder
    data = memory._store.snapshot(encoder.fingerprint)
    return set() if data is None else set(ClusterSnapshot.from_bytes(data, encoder.dim).ids.tolist())


def test_clusters_outlive_the_process(
    household: PersonalMemory, opened: Opener, exam: Exam, found: list[int]
) -> None:
    names = [concept.name for concept in exam.concepts]
    ids = set(household._store.vectors().ids.tolist())
    household.close()
    with opened() as memory:
        assert asked(memory, exam) == ids
        assert found == [len(ids)]
        before = memory.recall(images=[exam.photos[0][0]])
    with opened() as memory:
        assert asked(memory, exam) == ids
        assert memory.recall(images=[exam.photos[0][0]]) == before
        assert len(found) == 1  # taken from the home
        gone = set(memory._store.vectors([memory.show(names[1]).id]).ids.tolist())
        memory.forget(names[1])
        kept = memory._store.snapshot(memory._engine.encoder.fingerprint)
        assert kept is not None  # again, without what was forgotten
        assert set(ClusterSnapshot.from_bytes(kept, memory._engine.encoder.dim).ids.tolist()) == ids - gone
        assert asked(memory, exam) == ids - gone
    with opened(read_only=True) as memory:
        assert asked(memory, exam) == ids - gone
        assert len(found) == 1
    with opened() as memory:
        memory._store.delete_owner()
        assert memory._store.snapshot(memory._engine.encoder.fingerprint) is None


def test_a_store_keeps_its_own_owner_only(opened: Opener) -> None:
    kept = StoredSnapshots(opened()._store, "e")
    with pytest.raises(InputError, match="'ana'"):
        kept.read("ben")
    with pytest.raises(InputError, match="'ana'"):
        kept.write("ben", b"")
    with pytest.raises(InputError, match="'ana'"):
        kept.drop("ben")
