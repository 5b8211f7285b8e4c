"""Indexes of many owners within a number of bytes: who rests answers as before."""

from __future__ import annotations

import gc

import pytest

from jarvis_memory.finder import Finder
from jarvis_memory.memory import PersonalMemory
from jarvis_memory.view_pool import ViewPool
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import SettingError
from tests.memory.conftest import Opener


class Sleeper:
    def __init__(self) -> None:
        self.rests = 0

    def rest(self) -> None:
        self.rests += 1


def test_whose_turn_was_longest_ago_rests() -> None:
    pool = ViewPool(10)
    first, second, third = Sleeper(), Sleeper(), Sleeper()
    pool.used(first, 4)
    pool.used(second, 4)
    pool.used(first, 4)
    pool.used(third, 4)
    assert [one.rests for one in (first, second, third)] == [0, 1, 0]
    assert pool.nbytes == 8
    pool.used(second, 100)
    assert [one.rests for one in (first, second, third)] == [1, 1, 1]
    assert pool.nbytes == 100  # the one that was used last stays, however large
    del second
    gc.collect()
    assert pool.nbytes == 0
    with pytest.raises(SettingError, match="0 bytes or more"):
        pool.limit(-1)


def test_who_rests_answers_as_before(opened: Opener, exam: Exam) -> None:
    pool, finders = ViewPool(0), list[tuple[PersonalMemory, Finder]]()
    for owner in ("ana", "ben"):
        memory = opened(owner)
        for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
            memory.remember(concept.name, list(photos), notes)
        engine = memory._engine
        finders.append((memory, Finder(memory._store, engine.encoder, engine.finder._config, pool=pool)))
    questions = [(item.question.text, [] if item.image is None else [item.image]) for item in exam.items[:8]]

    def answers(finder: Finder) -> list[list[tuple[str, float]]]:
        return [[(f.concept.name, f.hit.score) for f in finder.find(*asked)] for asked in questions]

    expected = answers(finders[0][1])
    for _ in range(2):
        for (memory, finder), (_, other) in zip(finders, reversed(finders), strict=True):
            assert answers(finder) == expected
            assert other._view is None
            assert finder._view is not None
            assert pool.nbytes == finder._view.index.nbytes
            assert {one.concept.name for one in memory.recall(questions[0][0])} <= {
                concept.name for concept in exam.concepts
            }
