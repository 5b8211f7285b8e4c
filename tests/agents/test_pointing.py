"""Those who are described or pointed at: "the yellow one", "the other one", "this dog" in a picture."""

from __future__ import annotations

import random
import warnings

import pytest
from PIL import Image

from benchmarks.home import Home
from jarvis_agents.conversation import Said
from jarvis_agents.conversation.known import Known
from jarvis_agents.conversation.pointing import placed, this_one
from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket import scene
from jarvis_pocket.telling import Shown
from jarvis_pocket.world import PocketConcept
from jarvis_retrievers.errors import PhotoWarning
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.agents.conftest import Talk

HOME = Home.draw(random.Random("pointing"))
ONE, OTHER = HOME.twins
THIRD = HOME.pair[0]


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory, vlm: VLM, encoder: OpenCLIPEncoder) -> PersonalMemory:
    """Two of one kind and colours of their own, and a third; the record says of what kind each is."""
    memory = PersonalMemory.open(tmp_path_factory.mktemp("twins") / "home", model=vlm, clip=encoder)
    for concept in (ONE, OTHER, THIRD):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PhotoWarning)  # they look alike
            photos, about = HOME.photos[concept.name], HOME.about[concept.name]
            memory.remember(concept.name, photos, about, category=concept.look.category)
    return memory


@pytest.fixture
def talk(twins: PersonalMemory) -> Talk:
    return Talk(twins)


def picture(*concepts: PocketConcept) -> Image.Image:
    """A picture of these, from left to right; a stranger beside them has no name."""
    return scene.draw_scene(random.Random(5), [Shown(c.look, c.name) for c in concepts]).image


def show(talk: Talk, text: str, image: Image.Image) -> Said:
    said = talk.talk.say(talk.state, text, [image])
    talk.state = said.state
    return said


def test_a_reply_by_look_chooses_where_the_record_says_only_what_they_are(talk: Talk) -> None:
    for meant in (ONE, OTHER):
        asked = talk(f"What does my {meant.look.category} like?")
        assert (asked.kind, set(asked.choices)) == ("ask_back", {ONE.name, OTHER.name})
        told = talk(f"The {meant.look.colour} one.")
        assert told.text == f"{meant.name} likes {meant.facts['food']}."
        assert {one.concept for part in told.parts for one in part.answer.evidence} == {meant.name}
    # How they look is asked once; the second time the state knows.
    assert told.cost.looks == 0
    assert len(talk.state.looks) == 2


def test_a_reply_by_what_is_worn_chooses(talk: Talk) -> None:
    worn = f"{THIRD.look.accessory_colour} {THIRD.look.accessory}"
    asked = talk("How old is she?")
    assert asked.kind == "ask_back"
    assert talk(f"the one with the {worn}").text == f"{THIRD.name} is {THIRD.facts['age']} years old."
    assert not any(THIRD.look.accessory in look for _, look in talk.state.looks)


def test_a_reply_that_fits_nobody_is_not_guessed(talk: Talk) -> None:
    talk(f"What does my {ONE.look.category} like?")
    assert talk("the transparent one").kind == "declined"


def test_a_description_is_understood_in_a_question_too(talk: Talk) -> None:
    said = talk(f"How old is my {OTHER.look.colour} {OTHER.look.category}?")
    assert said.text == f"{OTHER.name} is {OTHER.facts['age']} years old."


def test_the_other_one_is_asked_the_same_again(talk: Talk) -> None:
    talk(f"What does {THIRD.name} like?")
    asked = talk(f"How old is my {ONE.look.category}?")
    assert asked.kind == "ask_back"
    assert talk(OTHER.name).text == f"{OTHER.name} is {OTHER.facts['age']} years old."
    # Who was not chosen is the other one, though another was spoken of before.
    for words, meant in (("And the other one?", ONE), ("And what about the other one?", OTHER)):
        said = talk(words)
        assert said.text == f"{meant.name} is {meant.facts['age']} years old."
        assert said.parts[0].question == f"How old is {meant.name}?"


def test_the_question_is_repeated_of_whoever_is_named_or_described(talk: Talk) -> None:
    talk(f"What does {ONE.name} like?")
    assert talk(f"And what about {THIRD.name}?").text == f"{THIRD.name} likes {THIRD.facts['food']}."
    said = talk(f"How about my {OTHER.look.colour} {OTHER.look.category}?")
    assert said.text == f"{OTHER.name} likes {OTHER.facts['food']}."
    unclear = talk(f"And my {ONE.look.category}?")
    assert (unclear.kind, set(unclear.choices)) == ("ask_back", {ONE.name, OTHER.name})
    assert talk(ONE.name).text == f"{ONE.name} likes {ONE.facts['food']}."
    stranger = talk("And Lenu?")
    assert (stranger.text, stranger.concepts) == ("Lenu is unknown to me.", ())


def test_the_other_of_three_is_asked_back(talk: Talk) -> None:
    asked = talk("How old is she?")
    assert len(asked.choices) == 3
    talk(THIRD.name)
    asked = talk("And the other one?")
    assert (asked.kind, set(asked.choices)) == ("ask_back", {ONE.name, OTHER.name})
    assert talk(ONE.name).text == f"{ONE.name} is {ONE.facts['age']} years old."


@pytest.mark.parametrize(
    ("words", "meant"),
    [("the one on the left", ONE), (f"the {THIRD.look.category} in the middle", THIRD)],
)
def test_a_fact_of_who_stands_there_takes_two_steps(talk: Talk, words: str, meant: PocketConcept) -> None:
    said = show(talk, f"Who does {words} belong to?", picture(ONE, THIRD, HOME.sixth))
    assert said.text == f"{meant.name} belongs to {meant.facts['keeper']}."
    assert [part.question for part in said.parts][1:] == [f"Who does {meant.name} belong to?"]
    assert {one.region for one in said.parts[1].answer.evidence} == {None}
    again = talk("And the one on the left?")
    assert again.text == f"{ONE.name} belongs to {ONE.facts['keeper']}."
    assert talk("How old is she?").text == f"{ONE.name} is {ONE.facts['age']} years old."


def test_who_stands_there_and_is_a_stranger_is_not_known(talk: Talk) -> None:
    said = show(talk, "What does the one on the right like?", picture(ONE, HOME.sixth))
    assert said.text == "I do not know who the one on the right is."
    assert len(said.parts) == 1


def test_two_who_stand_there_are_compared(talk: Talk) -> None:
    elder, younger = sorted((ONE, THIRD), key=lambda one: -int(one.facts["age"]))
    said = show(talk, "Is the one on the left older than the one on the right?", picture(elder, younger))
    assert said.text.startswith("Yes.")
    assert {elder.name, younger.name} <= set(said.concepts)


def test_what_can_be_seen_is_asked_of_the_picture(talk: Talk) -> None:
    said = show(talk, "What does the one on the left wear?", picture(ONE, THIRD))
    assert [part.question for part in said.parts] == ["What does the one on the left wear?"]
    assert any(one.region for one in said.parts[0].answer.evidence)


def test_this_one_is_who_is_seen(talk: Talk) -> None:
    said = show(talk, f"When was this {THIRD.look.category} born?", picture(ONE, THIRD))
    assert said.text == f"{THIRD.name} was born in {THIRD.facts['month']}."
    assert show(talk, "And this one?", picture(ONE)).text == f"{ONE.name} was born in {ONE.facts['month']}."
    said = show(talk, "What does this one like?", picture(OTHER, HOME.sixth))
    assert said.text == f"{OTHER.name} likes {OTHER.facts['food']}."
    assert talk("How old is this one?").text == f"{OTHER.name} is {OTHER.facts['age']} years old."


@pytest.mark.parametrize(
    "reply", [f"I mean {OTHER.name}.", f"the {OTHER.look.colour} one", "the one on the left"]
)
def test_of_two_who_are_seen_the_user_is_asked(talk: Talk, reply: str) -> None:
    asked = show(talk, f"What is the favourite food of this {ONE.look.category}?", picture(OTHER, ONE))
    assert (asked.kind, set(asked.choices), asked.parts) == ("ask_back", {ONE.name, OTHER.name}, ())
    assert talk(reply).text == f"{OTHER.name} likes {OTHER.facts['food']}."
    assert talk("And the other one?").text == f"{ONE.name} likes {ONE.facts['food']}."


def test_none_of_that_kind_is_said_to_be_seen(talk: Talk) -> None:
    said = show(talk, f"How old is this {ONE.look.category}?", picture(THIRD))
    assert said.text == f"I see no {ONE.look.category} that I know."
    assert (said.parts, said.concepts) == ((), ())


@pytest.mark.parametrize(
    ("text", "words", "where"),
    [
        ("Who does the one in the centre belong to?", "the one in the centre", "in the middle"),
        ("Which food does the red dog on the right like?", "the red dog on the right", "on the right"),
        ("How old is the left dog?", "the left dog", "on the left"),
        (
            "Tell me about the cat who is sitting on the left.",
            "the cat who is sitting on the left",
            "on the left",
        ),
        ("What does the one on the left wear?", "", ""),  # the picture tells
        ("Who is on the left?", "", ""),
        ("Who sleeps in the bowl on the left?", "", ""),
        ("Where does my dog sleep?", "", ""),
    ],
)
def test_words_that_point_to_a_side(text: str, words: str, where: str) -> None:
    found = placed(text)
    assert ("" if found is None else text[found.start : found.end]) == words
    assert ("" if found is None else found.where) == where


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("How old is this big red dog?", "this big red dog"),
        ("What does the dog in the picture like?", "the dog in the picture"),
        ("Is this one older than Bo?", "this one"),
        ("What is this dog's favourite food?", "this dog"),
        ("Who is this dog?", ""),
        ("Is this dog Bo?", ""),
        ("What is this?", ""),
        ("What happened this month?", ""),
        ("How old is the dog?", ""),
    ],
)
def test_words_that_point_at_one(text: str, words: str) -> None:
    found = this_one(text, Known(()))
    assert ("" if found is None else text[found.start : found.end]) == words
