"""Questions about several concepts: split only where that is needed, and put together by rule."""

from __future__ import annotations

import random
from typing import Any

import pytest

from jarvis_agents.conversation import (
    Conversation,
    ConversationState,
    OpenPutting,
    Plan,
    RulePlanner,
    Settings,
)
from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket import scene, world
from jarvis_pocket.homestead import HOUSEHOLD
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.agents.conftest import FOLDER, Talk

AGES = {concept.name: int(concept.facts["age"]) for concept in HOUSEHOLD}
PETS = tuple(c.name for c in HOUSEHOLD if c.look.category in {"cat", "dog", "bird", "fish"})


def test_two_that_the_model_can_compare_stay_one_question(talk: Talk) -> None:
    said = talk("Which of Liki and Fabi likes carrots?")
    assert [part.question for part in said.parts] == ["Which of Liki and Fabi likes carrots?"]
    assert said.text == "Liki likes noodles: no. Fabi likes carrots: yes."
    assert talk("How old is she?").text == "Fabi is 5 years old."  # whom the comparison came down to


def test_numbers_are_compared_by_rule(talk: Talk) -> None:
    said = talk("Is Liki older than Nori?")
    assert said.text == "No. Liki is 3 years old. Nori is 7 years old."
    assert [part.concepts for part in said.parts] == [("Liki",), ("Nori",)]
    assert talk("Who is older, Fabi or Domu?").text.startswith("Fabi is older.")
    assert talk("Was Liki born before Nori?").text.startswith("Yes.")
    assert talk("Is Nori older than 5?").text == "Yes. Nori is 7 years old."


def test_a_group_is_asked_one_by_one(talk: Talk) -> None:
    said = talk("Which of my pets like noodles?")
    assert said.text == "Liki likes noodles."
    assert [part.concepts for part in said.parts] == [(name,) for name in PETS]
    assert said.cost.looks == 7  # what they are is in no note, so the model looked
    again = talk("Which of my pets does not like noodles?")
    assert again.cost.looks == 0
    assert [name for name in PETS if name in again.text] == [name for name in PETS if name != "Liki"]


def test_counting(talk: Talk) -> None:
    older = [name for name in PETS if AGES[name] > 3]
    said = talk("How many of my pets are older than 3?")
    assert said.text.startswith(f"{len(older)} of {len(PETS)}: ")
    assert all(name in said.text for name in older)
    assert talk("How many cats do I have?").text == "2: Liki and Nori."
    assert talk("What are my pets?").text == "Liki, Nori, Fabi, Domu and Zifa."


def test_the_most_and_the_least(talk: Talk) -> None:
    oldest = max(AGES, key=lambda name: AGES[name])
    assert talk("Who is the oldest?").text == f"{oldest} is the oldest. {oldest} is {AGES[oldest]} years old."
    assert talk("Where does it sleep?").text == f"{oldest} sleeps on the stairs."
    assert talk("Who is the youngest of my cats?").text.startswith("Liki is the youngest.")
    assert talk("Who was born first?").text.startswith("Domu was born first.")


def test_nobody_named_means_everybody(talk: Talk) -> None:
    assert talk("Who sleeps on the sofa?").text == "Liki sleeps on the sofa."
    assert talk("Does anyone like cheese?").text == "Nori likes cheese."
    assert talk("Who likes pizza?").text == "None of them."
    green = talk("Who is green?")
    assert "Liki" in green.text
    assert "Rutaba" in green.text


def test_each_of_several(talk: Talk) -> None:
    assert talk("What do my cats like?").text == "Liki likes noodles. Nori likes cheese."
    assert talk("How old are they?").text == "Liki is 3 years old. Nori is 7 years old."
    assert talk("Do Liki and Nori like the same food?").text.startswith("No, not the same.")
    here = talk("Are Liki and Nori in the picture?", "scenes/scene-6.png")
    assert "Liki is here." in here.text
    assert "Nori is here." in here.text


def test_one_measures_the_others(talk: Talk) -> None:
    older = [name for name, age in AGES.items() if age > AGES["Fabi"]]
    said = talk("Who is older than Fabi?")
    assert said.text.startswith("Fabi is 5 years old. ")
    assert [name for name in AGES if f"{name} is" in said.text and name != "Fabi"] == older
    assert talk("Which of my pets are older than Rutaba?").text.startswith("None of them.")
    assert talk("Who has the same emblem as Domu?").text == "Domu has a red star. Tomiko has a red star."


def test_two_questions_in_one_message(talk: Talk) -> None:
    assert talk("How old is Liki, and what does Nori like?").text == "Liki is 3 years old. Nori likes cheese."
    said = talk("What does the mug like and where does it sleep?")
    assert said.text == "Tomiko likes honey. Tomiko sleeps on the shelf."


def test_what_is_there_is_answered_from_the_record(talk: Talk) -> None:
    assert talk("Do I have a dog?").text == "1: Fabi."
    assert talk("Do I have a horse?").text == "I know no horse of yours."
    assert talk("What are the names of my cats?").text == "Liki and Nori."
    assert talk("Who do you know?").text == "Liki, Nori, Fabi, Domu, Zifa, Tomiko and Rutaba."


def test_a_stranger_among_them_is_said(talk: Talk) -> None:
    said = talk("What do Liki and Lenu like?")
    assert "Liki likes noodles." in said.text
    assert "Lenu is unknown to me." in said.text
    assert [part.concepts for part in said.parts] == [("Liki",), ()]
    assert talk("Is Liki older than Lenu?").text == "Liki is 3 years old. I do not know it of Lenu."


@pytest.fixture(scope="module")
def friends(
    tmp_path_factory: pytest.TempPathFactory, vlm: VLM, encoder: OpenCLIPEncoder
) -> tuple[PersonalMemory, list[world.PocketConcept]]:
    """A chain of friends: each shares a bowl with the next."""
    rng = random.Random(5)
    drawn = world.draw_concepts(rng, 4, "heldout")
    memory = PersonalMemory.open(tmp_path_factory.mktemp("friends") / "home", model=vlm, clip=encoder)
    for one, friend in zip(drawn, [*drawn[1:], None], strict=True):
        notes = f"{one.name} likes {one.facts['food']}. {one.name} is {one.facts['age']} years old."
        if friend is not None:
            notes += f" {one.name} shares a bowl with {friend.name}."
        memory.remember(one.name, [scene.draw_photo(rng, one.look).image for _ in range(2)], notes)
    return memory, drawn


Friends = tuple[PersonalMemory, list[world.PocketConcept]]


def test_one_tie_is_one_question_and_two_are_two(friends: Friends) -> None:
    memory, (one, two, three, _) = friends
    talk = Talk(memory)
    whole = talk(f"What does the friend of {one.name} like?")
    assert len(whole.parts) == 1
    assert whole.text.endswith(f"{two.name} likes {two.facts['food']}.")
    chain = talk(f"Who shares a bowl with the friend of {one.name}?")
    assert [part.question for part in chain.parts] == [
        f"Who shares a bowl with {one.name}?",
        f"Who shares a bowl with {two.name}?",
    ]
    assert three.name in chain.text
    older = talk(f"Is {one.name} older than the friend of {one.name}?")
    assert older.text.split()[0] == ("Yes." if int(one.facts["age"]) > int(two.facts["age"]) else "No.")


def test_a_tie_that_no_note_tells_is_not_made_up(friends: Friends) -> None:
    memory, (*_, last) = friends
    said = Talk(memory)(f"What does the friend of {last.name} like?")
    assert said.text == f"I do not know who the friend of {last.name} is."


def test_more_than_may_be_asked_one_by_one(shared: PersonalMemory) -> None:
    talk = Conversation(shared, settings=Settings(most_mapped=3))
    said = talk.say(ConversationState(), "Who likes noodles?")
    assert len(said.parts) <= 3
    assert "Liki likes noodles." in said.text
    assert any("3 of 7" in notice for notice in said.notices)


FEW = [
    ("Which of Liki, Nori and Fabi likes noodles?", 2),
    ("Which of Liki, Nori and Zuzu likes noodles?", 2),
    ("How old are Liki, Nori and Fabi?", 2),
    ("How many of Liki, Nori and Fabi are older than 3?", 2),
]


@pytest.mark.parametrize("shown", [(), ("scenes/scene-6.png",)])
@pytest.mark.parametrize(("question", "most"), FEW)
def test_of_more_than_may_be_asked_some_are_and_a_notice_says_of_whom_not(
    shared: PersonalMemory, question: str, most: int, shown: tuple[str, ...]
) -> None:
    talk = Conversation(shared, settings=Settings(most_mapped=most))
    said = talk.say(ConversationState(), question, [FOLDER / one for one in shown])
    (notice,) = (one for one in said.notices if "raise most_mapped" in one)
    out = [name for name in (*AGES, "Zuzu") if name in notice]
    assert f"of {most} of {most + 1} concepts" in notice
    assert len(out) == 1
    asked = [part.question for part in said.parts if not part.look]
    assert asked
    assert not any(out[0] in question for question in asked)


def test_what_not_all_are_a_notice_says_too(shared: PersonalMemory) -> None:
    talk = Conversation(shared, settings=Settings(most_mapped=1))
    said = talk.say(ConversationState(), "Do all my cats like cheese?")
    assert f"looked at 1 of {len(AGES)} concepts only; raise most_mapped to look at all" in said.notices


def test_a_stranger_beside_a_picture_is_said(talk: Talk) -> None:
    said = talk("Which of Liki, Nori and Zuzu likes noodles?", "scenes/scene-6.png")
    assert [part.concepts for part in said.parts] == [("Liki",), ("Nori",), ()]
    assert said.text == "Liki likes noodles. I do not know it of Zuzu."


def test_two_who_are_needed_both_are_not_made_one(shared: PersonalMemory) -> None:
    talk = Conversation(shared, settings=Settings(most_mapped=1))
    said = talk.say(ConversationState(), "Is Liki older than Nori?")
    assert (said.kind, said.text) == (
        "declined",
        "That is about 2 at once, and I can ask of 1 only; ask of fewer.",
    )


class Fewer(RulePlanner):
    """Asks of the first only."""

    def plan(self, question: str, *rest: Any, **more: Any) -> Plan:
        plan = super().plan(question, *rest, **more)
        return plan.but(subs=plan.subs[:1])


def test_a_planner_may_ask_of_some_only(shared: PersonalMemory) -> None:
    talk = Conversation(shared, planner=Fewer(OpenPutting(), Settings()))
    for question in (
        "Which of Liki, Nori and Fabi likes noodles?",
        "Who is the oldest of Liki, Nori and Fabi?",
    ):
        assert "Liki" in talk.say(ConversationState(), question).text
