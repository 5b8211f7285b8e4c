"""Conversations from a memory: the answers of `ask`, in several turns, and nobody else's concepts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from jarvis_memory import VLM, Mode, PersonalMemory
from jarvis_memory.chat import ChatNode, ChatRequest, Message, Reply
from jarvis_pocket.exam import Exam, draw_exam
from jarvis_retrievers.errors import UnknownConceptError, WindowError
from jarvis_retrievers.openclip import OpenCLIPEncoder


@pytest.fixture(scope="module")
def exam() -> Exam:
    return draw_exam(random.Random("chat"), ["fact", "detail", "who", "unknown"], "heldout")


@pytest.fixture(scope="module")
def models() -> tuple[VLM, OpenCLIPEncoder]:
    return VLM.load("pocket", device="cpu"), OpenCLIPEncoder.load("pocket", device="cpu")


@pytest.fixture
def memory(tmp_path: Path, models: tuple[VLM, OpenCLIPEncoder], exam: Exam) -> Iterator[PersonalMemory]:
    with PersonalMemory.open(tmp_path / "home", owner="ana", model=models[0], clip=models[1]) as memory:
        for concept, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
            memory.remember(concept.name, list(photos), notes)
        yield memory


def user(*content: object) -> Message:
    return Message("user", tuple(content))  # type: ignore[arg-type]


def asked(*messages: Message, **more: object) -> ChatRequest:
    return ChatRequest(messages, **more)  # type: ignore[arg-type]


def test_a_first_turn_is_a_question(memory: PersonalMemory, exam: Exam) -> None:
    assert isinstance(memory, ChatNode)
    for item in exam.items:
        images = [] if item.image is None else [item.image]
        answer = memory.ask(item.question.text, images)
        reply = memory.chat(asked(user(*images, item.question.text)))
        assert reply.text == answer.text
        assert reply.concepts == answer.concepts
        if answer.concepts:
            assert reply.reused_tokens == answer.usage.reused
            assert reply.prompt_tokens == answer.usage.reused + answer.usage.computed


def test_a_second_turn_is_that_of_ask_with_its_history_and_computes_only_what_is_new(
    memory: PersonalMemory, exam: Exam
) -> None:
    name = exam.concepts[0].name
    first = memory.chat(asked(user(f"What does {name} like?")))
    turns = (
        user(f"What does {name} like?"),
        Message("assistant", (first.text,)),
        user("When were they born?"),
    )
    reply = memory.chat(asked(*turns))
    answer = memory.ask("When were they born?", history=[(f"What does {name} like?", first.text)])
    assert (reply.text, reply.concepts) == (answer.text, (name,))
    assert reply.reused_tokens > answer.usage.reused
    assert reply.reused_tokens >= first.prompt_tokens


def test_concepts_come_by_their_ids_in_the_order_given(memory: PersonalMemory, exam: Exam) -> None:
    ids = [concept.id for concept in memory.list()]
    question = user(f"What does {exam.concepts[0].name} like?")
    several = memory.chat(asked(question, concepts=[ids[2], ids[0], ids[2]]))
    assert several.concepts == (exam.concepts[2].name, exam.concepts[0].name)
    nobody = memory.chat(asked(question, concepts=[]))
    assert (nobody.concepts, nobody.reused_tokens) == ((), memory.node.prefix.tokens)
    assert nobody.text != several.text


def test_another_owners_concept_is_as_unknown_as_none(
    memory: PersonalMemory, models: tuple[VLM, OpenCLIPEncoder], tmp_path: Path
) -> None:
    theirs = memory.list()[0]
    with PersonalMemory.open(tmp_path / "home", owner="ben", model=models[0], clip=models[1]) as other:
        with pytest.raises(UnknownConceptError) as told:
            other.chat(asked(user("Hi"), concepts=[theirs.id]))
        with pytest.raises(UnknownConceptError) as told_of_none:
            other.chat(asked(user("Hi"), concepts=["x" * len(theirs.id)]))
        assert str(told.value).replace(theirs.id, "?") == str(told_of_none.value).replace(
            "x" * len(theirs.id), "?"
        )
        assert theirs.name not in str(told.value)
        assert other.chat(asked(user(f"What does {theirs.name} like?"))).concepts == ()


def test_own_instructions_stand_before_the_concepts(memory: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    request = asked(Message("system", ("Be brief.",)), user(f"What does {name} like?"))
    first, again = memory.chat(request), memory.chat(request)
    assert first.concepts == again.concepts == (name,)
    assert first.text == again.text
    segment = memory.node.segment_ids(name, "", 0)
    assert first.reused_tokens > len(segment)
    assert again.reused_tokens == again.prompt_tokens - 1


def test_streams_end_with_the_reply(memory: PersonalMemory, exam: Exam) -> None:
    *pieces, reply = memory.stream_chat(asked(user(f"What does {exam.concepts[1].name} like?")))
    assert isinstance(reply, Reply)
    assert "".join(map(str, pieces)) == reply.text


async def test_the_same_asynchronously(memory: PersonalMemory, exam: Exam) -> None:
    request = asked(user(f"What does {exam.concepts[1].name} like?"))
    reply = await memory.achat(request)
    last = [piece async for piece in memory.astream_chat(request)][-1]
    assert isinstance(last, Reply)
    assert last.text == reply.text == memory.chat(request).text


def test_what_was_said_about_a_concept_goes_with_it(memory: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    memory.chat(asked(user(f"What does {name} like?")))
    sessions = memory._engine.chat.sessions
    assert len(sessions) == 1
    memory.forget(name)
    assert (len(sessions), sessions.nbytes) == (0, 0)
    assert memory.chat(asked(user(f"What does {name} like?"))).concepts == ()


def test_a_concept_that_changed_is_answered_anew(memory: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    question = asked(user(f"What does {name} like?"))
    before = memory.chat(question).text
    memory.edit(name, facts=[f"{name} likes noodles."])
    assert memory.chat(question).text != before
    assert "noodles" in memory.chat(question).text


def test_a_conversation_that_is_too_long_is_refused(memory: PersonalMemory) -> None:
    with pytest.raises(WindowError, match="the window of 'pocket'"):
        memory.chat(asked(user("word " * 10_000)))


def test_who_a_conversation_is_about(memory: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[2].name
    turns = [
        user(f"Who is {name}?"),
        Message("assistant", (f"{name} is here.",)),
        user("What does she like?"),
    ]
    assert [one.concept.name for one in memory.about(turns)] == [name]


def test_another_head_counts_as_one_more_segment(
    memory: PersonalMemory, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind it no segment is where it was encoded, so the gate's verdict for several decides."""
    counts: list[int] = []
    settle = memory._engine.settle

    def noted(mode: Mode, segments: int) -> tuple[Mode, tuple[str, ...]]:
        counts.append(segments)
        return settle(mode, segments)

    monkeypatch.setattr(memory._engine, "settle", noted)
    question = user(f"What does {exam.concepts[0].name} like?")
    memory.chat(asked(question))
    memory.chat(asked(Message("system", ("Be brief.",)), question))
    memory.chat(asked(Message("system", ("Be brief.",)), question, concepts=[]))
    assert counts == [1, 2, 0]
