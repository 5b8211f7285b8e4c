"""Those who are described or pointed at: "the yellow one", "the other one", "the one on the left", "this dog"."""

from __future__ import annotations

import random
import warnings

import pytest

from benchmarks.home import Home
from jarvis_memory import VLM, PersonalMemory
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
