"""A memory that may only take so much, and that can be carried away."""

from __future__ import annotations

from pathlib import Path

import pytest

from jarvis_memory.store import Quota, import_owner
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import QuotaError
from tests.memory.conftest import Opener


def test_a_quota_refuses_and_changes_nothing(opened: Opener, exam: Exam) -> None:
    memory = opened(quota=Quota(concepts=1))
    first, second = (concept.name for concept in exam.concepts[:2])
    memory.remember(first, list(exam.photos[0]), exam.notes[0])
    with pytest.raises(QuotaError, match="1 concepts, there are 1, and it would be 2"):
        memory.remember(second, list(exam.photos[1]), exam.notes[1])
    memory.put_quota(Quota(nbytes=memory.holdings().record))
    assert memory.quota == Quota(memory.holdings().record, 1)
    with pytest.raises(QuotaError, match="bytes"):
        memory.update(first, photos=list(exam.photos[1]))
    assert [concept.name for concept in memory.list()] == [first]
    assert memory.ask(f"What does {first} like?").concepts == (first,)
    memory.forget(first)
    assert memory.holdings().record == 0


def test_answers_are_the_same_in_another_home(opened: Opener, exam: Exam, tmp_path: Path) -> None:
    memory = opened()
    for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
        memory.remember(concept.name, list(photos), notes)
    manifest = memory.export(tmp_path / "archive")
    assert manifest.counts.concepts == len(exam.concepts)
    import_owner(tmp_path / "home", tmp_path / "archive", owner="ben")
    other = opened("ben")
    picture = exam.photos[1][0]
    for name in (concept.name for concept in exam.concepts):
        question = f"What does {name} like?"
        assert other.ask(question).text == memory.ask(question).text
    found, again = (one.recall(images=[picture], k=3) for one in (memory, other))
    assert [(one.name, one.score) for one in again] == [(one.name, one.score) for one in found]
