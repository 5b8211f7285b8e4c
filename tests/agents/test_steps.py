"""Step by step, in pieces, in threads: always the same answer."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from jarvis_agents.conversation import (
    Conversation,
    ConversationState,
    OpenPutting,
    PlainPutting,
    RulePlanner,
    Said,
    Settings,
    Steps,
    Turn,
)
from jarvis_memory import PersonalMemory
from tests.agents.conftest import FOLDER

QUESTIONS = (
    "What does Liki like?",
    "Which of my pets like rice?",
    "Is Liki older than Nori?",
    "What does the cat like?",
    "What does Lenu like?",
)


def walked(steps: Steps, question: str) -> tuple[Said, list[str]]:
    turn = steps.begin(ConversationState(), question)
    path: list[str] = []
    while turn.next != "end":
        path.append(turn.next)
        # As a graph with a checkpointer would: every turn is written down and read again.
        turn = Turn.from_dict(json.loads(json.dumps(getattr(steps, turn.next)(turn).to_dict())))
    return steps.said(turn), path


def same(said: Said) -> tuple[object, ...]:
    return (
        said.text,
        said.kind,
        said.choices,
        said.concepts,
        said.state,
        [part.question for part in said.parts],
    )


def test_steps_are_what_say_does(shared: PersonalMemory) -> None:
    steps, talk = Steps(shared), Conversation(shared)
    for question in QUESTIONS:
        said, path = walked(steps, question)
        assert same(said) == same(talk.say(ConversationState(), question))
        assert path[0] == "resolve"
        if said.kind == "ask_back":
            assert path == ["resolve", "ask_back"]
        else:
            assert path[1:] == ["retrieve", "plan", "choose", "answer", "reduce", "verify"]


def test_pieces_end_with_what_say_gives(shared: PersonalMemory) -> None:
    talk = Conversation(shared)
    for question in QUESTIONS:
        *pieces, last = talk.stream(ConversationState(), question)
        assert isinstance(last, Said)
        assert "".join(map(str, pieces)) == last.text
        assert same(last) == same(talk.say(ConversationState(), question))
    *pieces, last = talk.stream(ConversationState(), "What does Liki like?")
    assert len(pieces) > 2


async def test_the_asynchronous_forms(shared: PersonalMemory) -> None:
    talk = Conversation(shared)
    said = await talk.asay(ConversationState(), "What does Liki like?")
    pieces = [piece async for piece in talk.astream(ConversationState(), "How old is Nori?")]
    assert said.text == "Liki likes noodles."
    assert "".join(map(str, pieces[:-1])) == str(pieces[-1]) == "Nori is 7 years old."


def test_threads_share_a_conversation(shared: PersonalMemory) -> None:
    talk = Conversation(shared)
    alone = [same(talk.say(ConversationState(), question)) for question in QUESTIONS]
    with ThreadPoolExecutor(4) as pool:
        together = pool.map(lambda question: same(talk.say(ConversationState(), question)), QUESTIONS * 3)
    assert list(together) == alone * 3


def test_an_abandoned_stream_leaves_the_state(shared: PersonalMemory) -> None:
    talk, state = Conversation(shared), ConversationState()
    pieces = talk.stream(state, "What does Liki like?")
    assert isinstance(next(pieces), str)
    del pieces
    assert state == ConversationState()


def test_the_state_keeps_the_last_turns_only(shared: PersonalMemory) -> None:
    talk, state = Conversation(shared, settings=Settings(most_turns=2)), ConversationState()
    for name in ("Liki", "Nori", "Fabi"):
        state = talk.say(state, f"What does {name} like?").state
    assert [turn.asked for turn in state.turns] == ["What does Nori like?", "What does Fabi like?"]


def test_modes_and_tokens_are_those_of_the_settings(shared: PersonalMemory) -> None:
    said = Conversation(shared, settings=Settings(mode="exact", max_new_tokens=3)).say(
        ConversationState(), "What does Liki like?"
    )
    usage = said.parts[0].answer.usage
    assert (usage.mode, usage.generated) == ("exact", 3)


def test_a_large_model_is_asked_as_the_user_asks(shared: PersonalMemory) -> None:
    plain, small = PlainPutting(), OpenPutting()
    assert plain.one("Does Liki like rice?", "Liki") == "Does Liki like rice?"
    assert small.one("Does Liki like rice?", "Liki") == "What does Liki like?"
    assert plain.together("Is Liki older than Nori?", ["Liki", "Nori"])
    assert not small.together("Is Liki older than Nori?", ["Liki", "Nori"])
    plan = RulePlanner(plain, Settings()).plan(
        "Is Liki older than Nori?",
        ["Liki", "Nori"],
        ("Liki", "Nori"),
        shown=False,
        group=False,
        everybody=False,
    )
    assert [sub.question for sub in plan.subs] == ["Is Liki older than Nori?"]
    apart = RulePlanner(plain, Settings(most_together=1)).plan(
        "Is Liki older than Nori?",
        ["Liki", "Nori"],
        ("Liki", "Nori"),
        shown=False,
        group=False,
        everybody=False,
    )
    assert [sub.question for sub in apart.subs] == ["How old is Liki?", "How old is Nori?"]
    mine = Steps(shared, putting=plain)
    assert [part.question for part in walked(mine, "Does Liki like rice?")[0].parts] == [
        "Does Liki like rice?"
    ]


def test_evidence_of_a_picture_comes_with_the_part(shared: PersonalMemory) -> None:
    said = Conversation(shared).say(
        ConversationState(), "Who is on the left?", [FOLDER / "scenes" / "scene-6.png"]
    )
    regions = {one.concept: one.region for one in said.parts[0].answer.evidence if one.region}
    assert set(regions) == {"Liki", "Nori"}
    assert regions["Liki"] is not None
    assert regions["Nori"] is not None
    assert regions["Liki"].left < regions["Nori"].left


@pytest.mark.parametrize("name", ["Conversation", "Steps", "Turn", "Settings"])
def test_a_name_loads_no_torch(name: str) -> None:
    code = f"import sys; from jarvis_agents.conversation import {name}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
