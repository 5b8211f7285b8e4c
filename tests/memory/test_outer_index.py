"""A memory whose vectors are in an index that outlives it: the record decides what is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from jarvis_memory import PersonalMemory
from jarvis_memory.outer_index import OuterIndex
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import SettingError, StaleIndexError
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.index import FlatIndex, Rebuilt

Opener = Callable[..., PersonalMemory]


class Forgetful(FlatIndex):
    """Says so when it has fewer than it was told of."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.told: int | None = None

    def search(self, owner: str, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        if self.told is not None and self.count(owner) < self.told:
            self.told = None
            raise StaleIndexError("lost")
        return super().search(owner, queries, k)


def told(memory: PersonalMemory, exam: Exam) -> tuple[list[object], list[float]]:
    """Whom every picture and texts that name nobody find, with all numbers apart: sums end in other bits."""
    asked = [memory.why("Who is this?", [photos[0]]) for photos in exam.photos]
    asked += [memory.why(f"a {concept.look.category}") for concept in exam.concepts]
    words: list[object] = []
    numbers: list[float] = []
    for one in asked:
        words.append([find.concept.id for find in one.found])
        numbers += [find.hit.score for find in one.found]
        for name, seen in one.sightings:
            words.append((name, seen.region, seen.vector_id, seen.verdict))
            numbers += [seen.score, seen.threshold]
    return words, numbers


def same(memory: PersonalMemory, other: PersonalMemory, exam: Exam) -> bool:
    (words, numbers), (others, values) = told(memory, exam), told(other, exam)
    return words == others and len(numbers) > 10 and numbers == pytest.approx(values, abs=1e-5)


def test_answers_are_those_of_an_index_in_memory(
    opened: Opener, household: PersonalMemory, exam: Exam
) -> None:
    index = Forgetful(household._engine.encoder.dim)
    index.add("ben", [3], np.eye(1, index.dim, dtype=np.float32))
    other = opened(index=index)
    assert same(other, household, exam)
    rows = household._store.vectors()
    assert index.count("ana") == len(rows.ids)
    # What the index loses, or has too much, is brought in line where it is found, or by the next process.
    index.remove("ana", rows.ids[:3].tolist())
    index.told = len(rows.ids)
    assert same(other, household, exam)
    assert index.told is None
    index.remove("ana", rows.ids[2:6].tolist())
    index.add("ana", [10**9], np.eye(1, index.dim, dtype=np.float32))
    assert same(opened(index=index), household, exam)
    assert index.count("ana") == len(rows.ids)
    assert index.count("ben") == 1


def test_what_is_forgotten_leaves_the_index(opened: Opener, household: PersonalMemory, exam: Exam) -> None:
    index = FlatIndex(household._engine.encoder.dim)
    with opened(index=index) as other:
        other.recall("a dog")
    before = index.count("ana")
    # This memory was asked nothing yet.
    other = opened(index=index)
    other.forget(exam.concepts[0].name)
    left = len(household._store.vectors().ids)
    assert 0 < index.count("ana") == left < before
    other.update(exam.concepts[1].name, about=f"{exam.concepts[1].name} sings.")
    other.recall(images=[exam.photos[1][0]])
    rows = household._store.vectors()
    assert index.count("ana") == len(rows.ids)
    # No row is that of before.
    np.testing.assert_array_equal(np.sort(index._of("ana")[0]), rows.ids)
    index.add("ben", [3], np.eye(1, index.dim, dtype=np.float32))
    other.forget_owner()
    assert (index.count("ana"), index.count("ben")) == (0, 1)


def test_processes_that_share_an_index_follow_each_other(
    opened: Opener, household: PersonalMemory, exam: Exam
) -> None:
    index = FlatIndex(household._engine.encoder.dim)
    first, second = opened(index=index), opened(index=index)
    picture = exam.photos[1][0]
    first.recall(images=[picture])
    second.recall(images=[picture])
    second.update(exam.concepts[1].name, about=f"{exam.concepts[1].name} sings.")
    second.recall(images=[picture])  # writes what the first is told of next
    assert same(first, opened(), exam)
    first.forget(exam.concepts[2].name)
    assert same(second, opened(), exam)
    np.testing.assert_array_equal(np.sort(index._of("ana")[0]), np.sort(household._store.vectors().ids))


class Stale(FlatIndex):
    """Must be rebuilt before it can be used, once it is said to be."""

    stale = False

    def _of(self, owner: str) -> tuple[np.ndarray, np.ndarray]:
        if self.stale:
            raise StaleIndexError("too many to list")
        return super()._of(owner)

    def rebuild(self, owner: str, ids: Sequence[int], vectors: np.ndarray) -> Rebuilt:
        self.stale = False
        return super().rebuild(owner, ids, vectors)


def test_whatever_is_asked_of_a_stale_index_the_record_mends_it() -> None:
    record = {1: 1.0, 2: 2.0}

    def read() -> tuple[np.ndarray, np.ndarray]:
        return np.array([*record], np.int64), np.array([*record.values()], np.float32).reshape(-1, 1)

    index = Stale(1)
    outer = OuterIndex(index, "ana", read)
    index.stale = True
    assert outer.count("ana") == 2
    record[3] = 3.0
    index.stale = True
    outer.add("ana", [3], np.array([[3.0]]))
    assert index.count("ana") == 3
    del record[1]
    index.stale = True
    assert outer.remove("ana", [1, 9]) == 1
    assert outer.search("ana", np.array([[1.0]]), 3)[1].tolist() == [[3, 2, -1]]
    # Forgotten by another process before this one is done adding it, and there for all that.
    index.add("ana", [5], np.array([[5.0]]))
    outer.add("ana", [5], np.array([[5.0]]))
    assert outer.search("ana", np.array([[1.0]]), 3)[1].tolist() == [[3, 2, -1]]


def test_an_index_that_cannot_be_rebuilt_is_refused(opened: Opener) -> None:
    with pytest.raises(SettingError, match="rebuild"):
        opened(index=FaissIndex(8))
