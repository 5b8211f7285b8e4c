"""The LangGraph graph says what the conversation says, pauses where the user is asked, and goes on later."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from jarvis_agents.conversation import (
    Conversation,
    ConversationState,
    Said,
    Settings,
    conversation_graph,
    user_message,
)
from jarvis_agents.conversation.graph import TalkState
from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket import scene, world
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import ImageError, InputError
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.agents.checkpoints import FileSaver

THREAD: RunnableConfig = {"configurable": {"thread_id": "ana"}}


def said(memory: PersonalMemory, texts: list[str]) -> list[Said]:
    talk, state, all_said = Conversation(memory), ConversationState(), []
    for text in texts:
        all_said.append(talk.say(state, text))
        state = all_said[-1].state
    return all_said


def names(exam: Exam) -> list[str]:
    return [concept.name for concept in exam.concepts]


def unclear(exam: Exam) -> list[str]:
    """A turn about two, one whose "she" may be either, and the reply."""
    one, other, *_ = names(exam)
    return [f"Do {one} and {other} have the same emblem?", "When was she born?", other]


def test_a_graph_says_what_the_conversation_says(drawn: PersonalMemory, exam: Exam) -> None:
    one = names(exam)[0]
    texts = [f"What does {one} like?", "And how old is she?", *unclear(exam), "What does she wear?"]
    expected = said(drawn, texts)
    assert "ask_back" in [one.kind for one in expected]
    graph = conversation_graph(drawn, checkpointer=InMemorySaver())
    for text, right in zip(texts, expected, strict=True):
        waits = bool(graph.get_state(THREAD).interrupts)
        result = graph.invoke(Command(resume=text) if waits else {"messages": [user_message(text)]}, THREAD)
        assert (result["messages"][-1].text, result["said"]["kind"]) == (right.text, right.kind)
        told = Said.from_dict(result["said"])
        assert [part.answer.evidence for part in told.parts] == [p.answer.evidence for p in right.parts]
        assert ConversationState.from_dict(result["conversation"]) == right.state


def test_it_pauses_with_what_there_is_to_choose_from(drawn: PersonalMemory, exam: Exam) -> None:
    graph = conversation_graph(drawn, checkpointer=InMemorySaver())
    first, second, reply = unclear(exam)
    graph.invoke({"messages": [user_message(first)]}, THREAD)
    (asked,) = graph.invoke({"messages": [("user", second)]}, THREAD)["__interrupt__"]
    assert asked.value["kind"] == "ask_back"
    assert set(asked.value["choices"]) == set(names(exam)[:2])
    result = graph.invoke(Command(resume=reply), THREAD)
    month = next(c for c in exam.concepts if c.name == reply).facts["month"]
    assert month in result["messages"][-1].text
    assert "__interrupt__" not in result


def test_without_a_checkpointer_the_reply_is_the_next_input(drawn: PersonalMemory, exam: Exam) -> None:
    graph = conversation_graph(drawn)
    expected = said(drawn, unclear(exam))
    conversation: dict[str, Any] = {}
    for text, right in zip(unclear(exam), expected, strict=True):
        result = graph.invoke({"messages": [HumanMessage(text)], "conversation": conversation})
        conversation = result["conversation"]
        assert result["messages"][-1].text == right.text


def test_a_new_question_in_place_of_a_reply_is_answered(drawn: PersonalMemory, exam: Exam) -> None:
    graph = conversation_graph(drawn, checkpointer=InMemorySaver())
    third = exam.concepts[2]
    for text in (*unclear(exam)[:2], f"What does {third.name} like?"):
        result = graph.invoke({"messages": [user_message(text)]}, THREAD)
    assert third.facts["food"] in result["messages"][-1].text


async def test_pieces_are_streamed_and_are_the_answer(drawn: PersonalMemory, exam: Exam) -> None:
    graph, one = conversation_graph(drawn, checkpointer=InMemorySaver()), names(exam)[0]
    asked: TalkState = {"messages": [user_message(f"What does {one} wear?")]}
    pieces: list[Any] = list(graph.stream(asked, THREAD, stream_mode="custom"))
    assert len(pieces) > 2
    assert "".join(pieces) == graph.get_state(THREAD).values["messages"][-1].text
    other: RunnableConfig = {"configurable": {"thread_id": "again"}}
    assert [piece async for piece in graph.astream(asked, other, stream_mode="custom")] == pieces
    third: RunnableConfig = {"configurable": {"thread_id": "whole"}}
    result = await graph.ainvoke(asked, third)
    assert result["messages"][-1].text == "".join(pieces)


def test_pictures_come_as_blocks(drawn: PersonalMemory, exam: Exam) -> None:
    picture = exam.items[2].image
    assert picture is not None
    text = exam.items[2].question.text
    right = Conversation(drawn).say(ConversationState(), text, images=[picture])
    result = conversation_graph(drawn).invoke({"messages": [user_message(text, [picture])]})
    assert result["messages"][-1].text == right.text
    assert right.parts


LATER = """
import sys
from pathlib import Path
from langgraph.types import Command
from jarvis_agents.conversation import conversation_graph
from jarvis_memory import PersonalMemory
from tests.agents.checkpoints import FileSaver
home, file, name = sys.argv[1:]
with PersonalMemory.open(home, owner="ana", device="cpu") as memory:
    graph = conversation_graph(memory, checkpointer=FileSaver(Path(file)))
    result = graph.invoke(Command(resume="yes"), {"configurable": {"thread_id": "ana"}})
    print(result["said"]["kind"], [concept.name for concept in memory.list()].count(name))
"""


def test_what_was_asked_before_a_restart_is_confirmed_after_it(
    tmp_path: Path, vlm: VLM, encoder: OpenCLIPEncoder
) -> None:
    guest = world.draw_concepts(random.Random("guest"), 1, "heldout")[0]
    photo = scene.draw_photo(random.Random(1), guest.look).image
    home, file = tmp_path / "home", tmp_path / "talk.bin"
    with PersonalMemory.open(home, owner="ana", model=vlm, clip=encoder) as memory:
        graph = conversation_graph(memory, checkpointer=FileSaver(file))
        told = user_message(f"This is {guest.name}, my {guest.look.category}. She likes rice.", [photo])
        (asked,) = graph.invoke({"messages": [told]}, THREAD)["__interrupt__"]
        assert asked.value["kind"] == "confirm"
        assert guest.name in asked.value["text"]
        assert memory.list() == []
    done = subprocess.run(
        [sys.executable, "-c", LATER, str(home), str(file), guest.name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["learned", "1"], done.stderr


def test_a_refusal_stores_nothing(household: PersonalMemory, exam: Exam) -> None:
    graph, before = conversation_graph(household, checkpointer=InMemorySaver()), household.list()
    photo = scene.draw_photo(random.Random(2), world.draw_look(random.Random(5), "heldout")).image
    graph.invoke({"messages": [user_message("This is Mochi, my lamp. She likes rice.", [photo])]}, THREAD)
    result = graph.invoke(Command(resume="no"), THREAD)
    assert result["said"]["kind"] == "declined"
    assert household.list() == before


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ("", "words or a picture"),
        ("x" * 5000, "4,000 characters"),
        (7, "text or a message"),
        (HumanMessage([{"type": "image", "base64": "bm90aGluZw==", "mime_type": "image/png"}]), "image"),
    ],
)
def test_a_reply_that_cannot_be_used_is_asked_for_again(
    drawn: PersonalMemory, exam: Exam, reply: object, problem: str
) -> None:
    graph, name = conversation_graph(drawn, checkpointer=InMemorySaver()), names(exam)[0]
    (first,) = graph.invoke({"messages": [user_message(f"Forget {name}")]}, THREAD)["__interrupt__"]
    for _ in range(2):
        (asked,) = graph.invoke(Command(resume=reply), THREAD)["__interrupt__"]
        assert problem in asked.value["problem"]
        assert {key: asked.value[key] for key in first.value} == first.value
    assert graph.invoke(Command(resume="no"), THREAD)["said"]["kind"] == "declined"
    assert name in {concept.name for concept in drawn.list()}


def test_a_thread_that_is_deleted_keeps_nothing_of_who_was_forgotten(household: PersonalMemory) -> None:
    saver = InMemorySaver()
    graph = conversation_graph(household, checkpointer=saver)
    photo = scene.draw_photo(random.Random(2), world.draw_look(random.Random(5), "heldout")).image
    graph.invoke({"messages": [user_message("This is Mochi, my lamp. She likes rice.", [photo])]}, THREAD)
    for reply in ("yes", "Forget Mochi", "yes"):
        waits = bool(graph.get_state(THREAD).interrupts)
        asked: Any = Command(resume=reply) if waits else {"messages": [user_message(reply)]}
        result = graph.invoke(asked, THREAD)
    assert result["said"]["kind"] == "forgot"
    assert "Mochi" not in json.dumps(result["conversation"])
    saver.delete_thread("ana")
    assert list(graph.get_state_history(THREAD)) == []


def test_a_reply_may_bring_a_picture(household: PersonalMemory) -> None:
    graph = conversation_graph(household, checkpointer=InMemorySaver())
    photo = scene.draw_photo(random.Random(2), world.draw_look(random.Random(5), "heldout")).image
    told: TalkState = {"messages": [user_message("This is Mochi, my lamp. She likes rice.")]}
    (asked,) = graph.invoke(told, THREAD)["__interrupt__"]
    assert asked.value["kind"] == "ask_back"
    (asked,) = graph.invoke(Command(resume=user_message("Here.", [photo])), THREAD)["__interrupt__"]
    assert asked.value["kind"] == "confirm"
    graph.invoke(Command(resume="yes"), THREAD)
    assert len(household.show("Mochi").photos) == 1


def test_the_state_is_small_json_without_memory(drawn: PersonalMemory, exam: Exam) -> None:
    graph = conversation_graph(drawn, checkpointer=InMemorySaver())
    for text in unclear(exam):
        graph.invoke({"messages": [user_message(text)]}, THREAD)
    values = dict(graph.get_state(THREAD).values)
    (message,) = values.pop("messages")
    assert isinstance(message, AIMessage)
    assert values.pop("turn") == {}
    assert json.loads(json.dumps(values)) == values
    kept = json.dumps(values["conversation"])
    food = {concept.facts["food"] for concept in exam.concepts}
    assert len(kept) < 4000
    assert not any(one in kept for one in food)  # facts that nobody asked about


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ([], "message of the user"),
        ([AIMessage("Hello")], "message of the user"),
        ([HumanMessage([{"type": "image", "url": "http://localhost/a.png"}])], "base64"),
        ([HumanMessage([{"type": "file", "base64": "AAAA", "mime_type": "application/pdf"}])], "file"),
        ([42], "text or a message"),
    ],
)
def test_what_is_no_turn_is_refused(drawn: PersonalMemory, messages: list[Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        conversation_graph(drawn).invoke({"messages": messages})


def test_after_an_error_the_conversation_goes_on(drawn: PersonalMemory, exam: Exam) -> None:
    graph, one = conversation_graph(drawn, checkpointer=InMemorySaver()), exam.concepts[0]
    graph.invoke({"messages": [user_message(f"What does {one.name} like?")]}, THREAD)
    with pytest.raises(InputError, match="words or a picture"):
        graph.invoke({"messages": [user_message("  ")]}, THREAD)
    result = graph.invoke({"messages": [user_message("And how old is she?")]}, THREAD)
    assert one.facts["age"] in result["messages"][-1].text


def test_a_picture_that_is_none_is_refused(drawn: PersonalMemory) -> None:
    broken = HumanMessage([{"type": "image", "base64": "bm90aGluZw==", "mime_type": "image/png"}])
    with pytest.raises(ImageError):
        conversation_graph(drawn).invoke({"messages": [broken]})


def test_a_turn_that_may_take_no_more_steps_ends(drawn: PersonalMemory, exam: Exam) -> None:
    from jarvis_retrievers.errors import LoopError

    graph = conversation_graph(drawn, settings=Settings(most_steps=2))
    with pytest.raises(LoopError, match="2 steps"):
        graph.invoke({"messages": [user_message(f"What does {names(exam)[0]} like?")]})
