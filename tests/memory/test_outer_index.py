"""A memory whose vectors are in an index that outlives it: the record decides what is there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from jarvis_memory import PersonalMemory
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import SettingError, StaleIndexError
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.index import FlatIndex

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


def test_an_index_that_cannot_be_rebuilt_is_refused(opened: Opener) -> None:
    with pytest.raises(SettingError, match="rebuild"):
        opened(index=FaissIndex(8))
