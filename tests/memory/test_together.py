"""Questions of several owners in one pass: answers as one by one, and nobody sees another's concepts."""

from __future__ import annotations

import time
from typing import Any

import pytest
from PIL import Image

from jarvis_memory import Ask, PersonalMemory, ask_together, chat_together
from jarvis_memory.chat import ChatRequest, Message, Reply, Sampling, Tool
from jarvis_memory.together import may_join
from jarvis_memory.vlm.runner import Runner
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import DeadlineError, ImageError, InputError, WindowError
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


def said(*content: str | Image.Image, **more: Any) -> ChatRequest:
    return ChatRequest([Message("user", content)], **{"max_new_tokens": 24, **more})


def test_first_questions_of_conversations_are_answered_as_alone(
    household: PersonalMemory, exam: Exam, opened: Opener
) -> None:
    ben = opened("ben")
    name = exam.concepts[0].name
    ben.remember(name, list(exam.photos[1]), f"{name} likes cheese.")
    asks = [
        (household, said(f"What does {name} like?")),
        (ben, said(f"What does {name} like?")),
        (ben, said(exam.photos[1][0], "Who is that?")),
        (household, said("What does nobody like?", max_new_tokens=3)),
    ]
    for (memory, request), reply in zip(asks, chat_together(asks, batch_size=3), strict=True):
        alone = memory.chat(request)
        assert isinstance(reply, Reply)
        for what in ("text", "finish", "prompt_tokens", "generated_tokens", "concepts", "calls", "notices"):
            assert getattr(reply, what) == getattr(alone, what), what
        assert 0 < reply.reused_tokens < reply.prompt_tokens
    assert chat_together([]) == []


def test_what_one_of_them_does_wrong_is_not_the_others_loss(household: PersonalMemory, exam: Exam) -> None:
    empty = Image.new("RGB", (1, 5000))
    asks = [said("Who?"), said("word " * 9000), said(empty, "Who is that?")]
    good, long, broken = chat_together([(household, request) for request in asks])
    assert isinstance(good, Reply)
    assert good.text == household.chat(asks[0]).text
    assert isinstance(long, WindowError)
    assert isinstance(broken, ImageError)


def test_one_that_takes_too_long_is_given_up_and_the_others_go_on(
    household: PersonalMemory, exam: Exam
) -> None:
    question = f"What does {exam.concepts[0].name} like?"
    asks = [said(question), said(question, seconds=1e-9), said(question, seconds=600), said(question)]
    waited_for = [lambda: True, lambda: True, lambda: True, lambda: False]
    good, late, timely, left = chat_together([(household, request) for request in asks], 4, waited_for)
    alone = household.chat(asks[0])
    for reply in (good, timely):
        assert isinstance(reply, Reply)
        assert (reply.text, reply.finish) == (alone.text, alone.finish)
    assert isinstance(late, DeadlineError)
    assert "1e-09 seconds, and has 1 tokens" in str(late)
    assert isinstance(left, Reply)
    assert (left.generated_tokens, left.text) == (1, alone.text[: len(left.text)])
    # One that ends in time is not late, though nobody looked before.
    (ended,) = chat_together([(household, said(question, seconds=1e-9, max_new_tokens=1))])
    assert isinstance(ended, Reply)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_the_time_of_an_answer_is_that_of_its_own_pass(
    household: PersonalMemory, exam: Exam, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    """Neither finding out what the others need nor earlier passes count."""
    now = 0.0
    ready, step = PersonalMemory.ready, Runner.step

    def slowly_ready(*given: Any, **more: Any) -> Any:
        nonlocal now
        now += 1000
        return ready(*given, **more)

    def slowly(*given: Any, **more: Any) -> Any:
        nonlocal now
        now += 1
        return step(*given, **more)

    question = f"What does {exam.concepts[0].name} like?"
    tokens = household.chat(said(question)).generated_tokens
    monkeypatch.setattr(PersonalMemory, "ready", slowly_ready)
    monkeypatch.setattr(Runner, "step", slowly)
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    # Asked before the last token, when all others have taken a second each.
    for seconds, in_time in ((tokens - 1, True), (tokens - 1.5, False)):
        replies = chat_together([(household, said(question, seconds=seconds))] * 4, batch_size)
        assert [isinstance(reply, Reply) for reply in replies] == [in_time] * 4


def test_what_needs_a_run_of_its_own_may_not_join(household: PersonalMemory) -> None:
    picture = Image.new("RGB", (8, 8))
    turns = [Message("user", ("a",)), Message("assistant", ("b",)), Message("user", ("c",))]
    alone = [
        said("a", stop=["b"]),
        said("a", schema="{}"),
        said("a", tools=[Tool("feed")]),
        said("a", sampling=Sampling(1.0)),
        said("a", concepts=[]),
        said(" "),
        said("a", picture),
        said("a", "b"),
        said(picture),
        ChatRequest(turns),
        ChatRequest([Message("system", ("a",)), Message("user", ("b",))]),
    ]
    assert not any(map(may_join, alone))
    assert may_join(said(picture, "a"))
    with pytest.raises(InputError, match="a run of its own"):
        chat_together([(household, alone[0])])
