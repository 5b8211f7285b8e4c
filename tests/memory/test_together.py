"""Questions of several owners in one pass: answers as one by one, and nobody sees another's concepts."""

from __future__ import annotations

import pytest

from jarvis_memory import Ask, PersonalMemory, ask_together
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import InputError
from tests.kv.tiny import make_tiny
from tests.memory.conftest import Opener


def test_many_questions_as_one_by_one(household: PersonalMemory, exam: Exam) -> None:
    texts = [item.question.text for item in exam.items[:6]]
    pictures = [[item.image] if item.image else [] for item in exam.items[:6]]
    many = household.ask_many(texts, pictures, mode="compose", batch_size=4)
    for answer, text, shown in zip(many, texts, pictures, strict=True):
        alone = household.ask(text, shown, mode="compose")
        assert (answer.text, answer.concepts, answer.usage) == (alone.text, alone.concepts, alone.usage)
    assert household.ask_many([]) == []
    with pytest.raises(InputError, match="pictures of 1 questions"):
        household.ask_many(texts, [[]])


def test_owners_meet_in_a_batch_and_see_nothing_of_each_other(
    household: PersonalMemory, exam: Exam, opened: Opener
) -> None:
    ben = opened("ben")
    name = exam.concepts[0].name
    ben.remember(name, list(exam.photos[1]), f"{name} likes cheese.")
    asks = [Ask(household, f"What does {name} like?"), Ask(ben, f"What does {name} like?")]
    hers, his = ask_together(asks)
    assert hers.text == household.ask(asks[0].question).text
    assert his.text == ben.ask(asks[1].question).text
    assert "cheese" in his.text
    assert hers.text != his.text


def test_two_models_cannot_answer_together(household: PersonalMemory, opened: Opener) -> None:
    other = opened("ben", model=make_tiny("qwen2_5_vl").vlm)
    with pytest.raises(InputError, match="different models"):
        ask_together([Ask(household, "Who?"), Ask(other, "Who?")])
