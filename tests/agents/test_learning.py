"""What is told in a conversation: concepts learned, facts corrected, concepts forgotten."""

from __future__ import annotations

import random

import pytest

from jarvis_agents.conversation import ConversationState, Steps, Turn
from jarvis_pocket import scene, world
from jarvis_pocket.household import load_household
from jarvis_retrievers.errors import DuplicateConceptError, PhotoWarning
from tests.agents.conftest import FOLDER, Talk

HOUSE = {concept.name: concept for concept in load_household(FOLDER).concepts}


def photo_of_nobody(seed: int = 1) -> bytes:
    from jarvis_retrievers.images import encode_png

    rng = random.Random(seed)
    look = world.Look("turtle", "brown", "plain", "ring", "green", "flag", "blue")
    return encode_png(scene.draw_photo(rng, look).image)


def test_somebody_introduced_is_remembered_once_that_is_confirmed(own: Talk) -> None:
    talk, memory, before = own.talk, own.memory, len(own.memory.list())
    told = talk.say(
        own.state, "This is Mochi, my turtle. She likes noodles and sleeps on the rug.", [photo_of_nobody()]
    )
    assert (told.kind, told.choices) == ("confirm", ("yes", "no"))
    assert "Mochi, a turtle" in told.text
    assert "Mochi likes noodles. Mochi sleeps on the rug." in told.text
    assert len(memory.list()) == before
    no = talk.say(told.state, "no, thanks")
    assert (no.kind, len(memory.list())) == ("declined", before)
    # What is pending is in the state, and outlives the process: it is JSON.
    yes = talk.say(ConversationState.from_dict(told.state.to_dict()), "Yes, please.")
    assert yes.kind == "learned"
    concept = memory.show("Mochi")
    assert concept.category == "turtle"
    assert "Mochi likes noodles." in concept.profile.facts
    asked = talk.say(yes.state, "What does she like?")
    assert asked.text == "Mochi likes noodles."
    assert talk.say(asked.state, "Where does Mochi sleep?").text == "Mochi sleeps on the rug."
    assert talk.say(asked.state, "How many turtles do I have?").text == "1: Mochi."


def test_doubts_are_told_with_the_question(own: Talk) -> None:
    told = own("This is Mochi, she likes rice.", "photos/liki-1.png")
    assert told.kind == "confirm"
    assert told.notices == ("photo 1 of 'Mochi' looks like 'Liki'",)
    with pytest.warns(PhotoWarning, match="looks like 'Liki'"):
        assert own("yes").kind == "learned"


def test_without_a_photo_one_is_asked_for(own: Talk) -> None:
    asked = own("Meet Mochi! She likes rice.")
    assert asked.kind == "ask_back"
    assert "photo" in asked.text
    confirm = own.talk.say(own.state, "here", [photo_of_nobody(2)])
    assert (confirm.kind, "Mochi likes rice." in confirm.text) == ("confirm", True)
    assert own.talk.say(confirm.state, "ok").kind == "learned"
    assert own.memory.ask("What does Mochi like?").text == "Mochi likes rice."


def test_a_name_that_is_there_gets_the_photo(own: Talk) -> None:
    before = len(own.memory.show("Liki").photos)
    told = own("This is Liki.", "photos/nori-1.png")
    assert told.kind == "confirm"
    assert told.text.startswith("I know Liki already. Shall I add this photo?")
    with pytest.warns(PhotoWarning, match="looks like 'Nori'"):
        assert own("yes").kind == "learned"
    assert len(own.memory.show("Liki").photos) == before + 1


def test_a_question_introduces_nobody(talk: Talk) -> None:
    said = talk("Is this Liki?", "photos/liki-1.png")
    assert said.kind == "answer"
    assert talk.state.pending is None


def test_a_correction_takes_the_place_of_what_was_there(own: Talk) -> None:
    own("What does Liki like?")
    told = own("No, she likes apples.")
    assert told.kind == "corrected"
    assert own("What does Liki like?").text == "Liki likes apples."
    facts = own.memory.show("Liki").profile.facts
    assert "Liki likes apples." in facts
    assert not any("noodles" in fact for fact in facts)
    assert len(facts) == 5
    assert own("Nori is 8 now, not 7.").kind == "corrected"
    assert own("How old is Nori?").text == "Nori is 8 years old."
    assert own("No, 9.").kind == "confirm"  # against what was written by hand
    assert own("yes").kind == "corrected"
    assert own("How old is she?").text == "Nori is 9 years old."


def test_what_is_merely_told_is_added_or_asked_about(own: Talk) -> None:
    assert own("Zifa likes soup.").kind == "learned"
    assert {"Zifa likes rice.", "Zifa likes soup."} <= set(own.memory.show("Zifa").profile.facts)
    asked = own("What does Zifa like?")
    assert "rice" in asked.text
    assert "soup" in asked.text  # the note that the answer leaves out is said
    before = own.memory.show("Fabi")
    doubt = own("Fabi is 11 years old.")
    assert (doubt.kind, doubt.choices) == ("confirm", ("yes", "no"))
    assert own("no").kind == "declined"
    assert own.memory.show("Fabi") == before
    assert own("Domu sleeps on the chair.").text.startswith("I know:")
    assert own("No, Rutaba does not like plums.").kind == "confirm"
    assert own("yes").kind == "corrected"
    assert not any("plums" in fact for fact in own.memory.show("Rutaba").profile.facts)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("No, Nori is not 7 years old.", "7"),
        ("Nori isn't 7.", "7"),
        ("Nori is not looked after by Leo.", "Leo"),
        ("Nori's keeper is not Leo.", "Leo"),
        ("Liki was not born in May.", "May"),
        ("Liki doesn't like noodles any more.", "noodles"),
    ],
)
def test_what_is_denied_is_struck_out_once_that_is_confirmed(own: Talk, text: str, value: str) -> None:
    name = text.removeprefix("No, ").replace("'", " ").split()[0]
    facts = own.memory.show(name).profile.facts
    told = own(text)
    assert told.kind == "confirm", told.text
    assert told.text.startswith("That would be struck out.")
    assert own("yes").kind == "corrected"
    assert own.memory.show(name).profile.facts == tuple(fact for fact in facts if value not in fact)


def test_what_is_denied_and_was_never_written_down(own: Talk) -> None:
    before = own.memory.list()
    assert own("No, Nori is not 9 years old.").text == "I have nothing of that written down."
    assert own.memory.list() == before


@pytest.mark.parametrize("shown", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "Remember that Zifa likes apples.",
        "Please remember Zifa likes apples",
        "Please note that Zifa likes apples.",
    ],
)
def test_a_note_to_be_remembered_is_written_down(own: Talk, text: str, shown: bool) -> None:
    if shown:
        own("Who is on the left?", "scenes/scene-6.png")
    told, zifa = own(text), own.memory.show("Zifa")
    assert told.kind == "learned"
    assert "Zifa likes apples." in zifa.profile.facts
    assert len(zifa.photos) == len(HOUSE["Zifa"].photos)


def test_whom_nobody_knows_is_not_to_be_forgotten(own: Talk) -> None:
    said = own("Forget Zuzu")
    assert said.kind == "declined"
    assert said.text == "I know nobody of the name Zuzu; I have changed nothing."
    assert own("Forget Liki and Nori").text.startswith("Tell me one name to forget")


def test_contradictory_corrections_in_one_message_are_asked_about(own: Talk) -> None:
    before = own.memory.show("Zifa")
    told = own("Zifa is 6 years old. No, Zifa is 7 years old.")
    assert told.kind == "ask_back"
    assert told.choices == ("Zifa is 6 years old.", "Zifa is 7 years old.")
    assert own.memory.show("Zifa") == before
    assert own("the second").kind == "corrected"
    assert own("How old is Zifa?").text == "Zifa is 7 years old."


def test_what_is_forgotten_is_answered_no_more(own: Talk) -> None:
    own("What does Liki like?")
    own("Who is on the left?", "scenes/scene-6.png")
    asked = own("Forget Liki.")
    assert (asked.kind, "Liki" in [c.name for c in own.memory.list()]) == ("confirm", True)
    gone = own("yes")
    assert gone.kind == "forgot"
    assert "Liki" not in str(own.state.to_dict())  # no turn, no name
    assert own.state.picture is None  # it was in the picture
    for question in (
        "What does Liki like?",
        "What does she like?",
        "Who likes noodles?",
        "How many cats do I have?",
    ):
        said = own(question)
        assert "noodles" not in said.text
        assert "Liki" not in said.concepts


def test_who_was_learned_in_the_conversation_vanishes_when_forgotten(own: Talk) -> None:
    own("How old is Nori?")
    own("This is Mochi, my turtle. She likes noodles.", photo_of_nobody())
    assert own("yes").kind == "learned"
    assert own.state.shown == (own.memory.show("Mochi").id,)
    own("Forget Mochi")
    assert own("yes").kind == "forgot"
    kept = own.state.to_dict()
    assert not any(word in str(kept) for word in ("Mochi", "turtle", "noodles"))
    assert own.state.picture is None
    assert [turn.asked for turn in own.state.turns] == ["How old is Nori?"]


def test_who_was_learned_and_forgotten_elsewhere_vanishes_too(own: Talk) -> None:
    own("Meet Mochi! She likes rice.")
    own("here", photo_of_nobody(2))
    own("ok")
    own.memory.forget("Mochi")
    own("How old is Nori?")
    assert "Mochi" not in str(own.state.to_dict())
    assert own.state.picture is None


def test_what_another_door_has_forgotten_is_dropped_from_the_turns(own: Talk) -> None:
    own("What does Liki like?")
    own.memory.forget("Liki")
    said = own("How old is she?")
    assert said.kind == "ask_back"
    assert "Liki" not in said.choices
    assert all("Liki" not in turn.asked for turn in own.state.turns)


def test_never_mind_is_no_wish_to_forget(own: Talk) -> None:
    own("What does Liki like?")
    assert own("Forget it.").kind == "declined"
    assert own("yes").kind == "declined"
    assert len(own.memory.list()) == 7
    assert own("Forget Lenu").kind == "declined"
    assert FOLDER.is_dir()


def test_a_step_that_is_taken_again_finds_that_it_is_done(own: Talk) -> None:
    steps, memory = Steps(own.memory), own.memory

    def at(text: str, step: str) -> Turn:
        turn = steps.begin(own.state, text)
        while turn.next != step:
            turn = getattr(steps, turn.next)(turn)
        return turn

    own("This is Mochi, my turtle. She likes noodles.", photo_of_nobody())
    turn = at("yes", "learn")
    first, stored = steps.learn(turn), memory.list()
    assert (steps.learn(turn), memory.list()) == (first, stored)

    own("no")
    own("Forget Mochi")
    turn = at("yes", "forget")
    first = steps.forget(turn)
    assert steps.forget(turn) == first
    assert "Mochi" not in {concept.name for concept in memory.list()}


@pytest.mark.filterwarnings("ignore::jarvis_retrievers.errors.PhotoWarning")
def test_a_correction_that_is_taken_again_writes_nothing_twice(own: Talk) -> None:
    steps, memory = Steps(own.memory), own.memory

    def twice(text: str, step: str, name: str) -> None:
        turn = steps.begin(own.state, text)
        while turn.next != step:
            turn = getattr(steps, turn.next)(turn)
        first, stored = getattr(steps, step)(turn), memory.show(name)
        assert (getattr(steps, step)(turn), memory.show(name)) == (first, stored)

    twice("No, Nori likes apples.", "correct", "Nori")
    assert [fact for fact in memory.show("Nori").profile.facts if "likes" in fact] == ["Nori likes apples."]
    twice("Zifa likes soup.", "correct", "Zifa")
    assert sum("soup" in note for note in memory.show("Zifa").about) == 1
    own("This is Liki. She likes corn.", "photos/nori-1.png")
    twice("yes", "learn", "Liki")


def test_another_concept_of_that_name_is_not_taken_for_what_was_confirmed(own: Talk) -> None:
    own("This is Mochi, my turtle. She likes noodles.", photo_of_nobody())
    own.memory.remember("Mochi", [photo_of_nobody(2)], "Mochi likes rice.")
    with pytest.raises(DuplicateConceptError):
        own("yes")
    assert own.memory.show("Mochi").profile.facts == ("Mochi likes rice.",)
