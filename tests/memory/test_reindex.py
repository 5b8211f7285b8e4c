"""Concepts that need it are mined again, and no other."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from jarvis_memory import PersonalMemory
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import HomeReadOnlyError
from jarvis_retrievers.reference import ColourEncoder
from tests.memory.conftest import Opener


def test_what_another_encoder_saw_is_mined_again(opened: Opener, exam: Exam) -> None:
    names = [concept.name for concept in exam.concepts[:2]]
    other = opened(clip=ColourEncoder())
    other.remember(names[0], list(exam.photos[0]), exam.notes[0])
    other.edit(names[0], caption="A round one.")
    memory = opened()
    assert memory.recall(images=[exam.photos[0][0]]) == []  # its vectors mean nothing to this encoder
    assert memory.reindex() == 1
    found = memory.show(names[0])
    assert found.profile.caption == "A round one."
    assert (
        found.about == tuple(exam.notes[0]) if isinstance(exam.notes[0], (list, tuple)) else (exam.notes[0],)
    )
    assert [one.name for one in memory.recall(images=[exam.photos[0][0]])] == [names[0]]
    assert memory.reindex() == 0
    assert memory.reindex(everything=True) == 1


def test_damaged_vectors_are_made_again(household: PersonalMemory, exam: Exam, tmp_path: Path) -> None:
    names = [concept.name for concept in exam.concepts[:2]]
    connection = sqlite3.connect(tmp_path / "home" / "catalogue.sqlite", isolation_level=None)
    for name in names:
        connection.execute("DELETE FROM vectors WHERE concept = ?", (household.show(name).id,))
    connection.close()
    assert [(f.kind, f.concept) for f in household.verify()] == [("vectors", name) for name in names]
    before = {concept.name: concept for concept in household.list()}
    assert household.reindex() == 2
    assert household.verify(deep=True) == []
    after = {concept.name: concept for concept in household.list()}
    assert {n for n in after if after[n] != before[n]} == set(names)
    assert names[1] in {one.name for one in household.recall(images=[exam.photos[1][0]])}


def test_a_home_that_cannot_be_written_is_told_first(opened: Opener, household: PersonalMemory) -> None:
    with pytest.raises(HomeReadOnlyError):
        opened(read_only=True).reindex(everything=True)
