from __future__ import annotations

from pathlib import Path

import pytest

from jarvis_memory import PersonalMemory
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import LockedHomeError
from tests.memory.conftest import Opener
from tests.store.locked import KEY, files


def test_an_encrypted_memory_answers_alike_and_shows_nothing(
    household: PersonalMemory, exam: Exam, tmp_path: Path, vlm: object, encoder: object, opened: Opener
) -> None:
    questions = [f"What does {concept.name} like?" for concept in exam.concepts]
    expected = [household.ask(question).text for question in questions]
    secret = tmp_path / "secret"
    options = {"model": vlm, "clip": encoder, "owner": "ana"}
    names = [concept.name for concept in exam.concepts]
    with PersonalMemory.open(secret, key=KEY, **options) as memory:  # type: ignore[arg-type]
        for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
            memory.remember(concept.name, list(photos), notes)
        first = memory.ask(questions[0])
    with PersonalMemory.open(secret, key=KEY, **options) as memory:  # type: ignore[arg-type]
        assert [memory.ask(question).text for question in questions] == expected
        again = memory.ask(questions[0])
        # From its stored segment, and then from the one at hand: nothing was encoded anew.
        assert again.usage == first.usage == household.ask(questions[0]).usage
        assert memory.edit(names[0], caption="a marker Qzj77 of the test").profile.caption is not None
    told = [sentence for notes in exam.notes for sentence in str(notes).split(".") if len(sentence) > 9]
    words = [*told, "IHDR", "token_ids", "caption"]
    assert len(told) > 3
    assert shown(tmp_path / "home", words) == words
    assert shown(secret, [*words, "Qzj77"]) == []
    with pytest.raises(LockedHomeError):
        PersonalMemory.open(secret, **options)  # type: ignore[arg-type]


def shown(home: Path, words: list[str]) -> list[str]:
    stored = b"".join(files(home).values())
    return [word for word in words if word.encode() in stored]
