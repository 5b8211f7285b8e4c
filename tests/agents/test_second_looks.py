"""Evidence that does not agree, names that nobody asked for, and look-alikes: said or asked, never hidden."""

from __future__ import annotations

import random
import warnings
from dataclasses import replace

import pytest

from jarvis_agents.conversation import ConversationState, Part, Settings, Steps, Turn
from jarvis_memory import VLM, PersonalMemory
from jarvis_pocket import scene, world
from jarvis_pocket.telling import Shown
from jarvis_retrievers.errors import PhotoWarning
from jarvis_retrievers.openclip import OpenCLIPEncoder
from tests.agents.conftest import FOLDER, Talk


def verified(steps: Steps, question: str, answer: str, images: tuple[str, ...] = ()) -> Turn:
    """A turn whose answer was another than the model's, taken through its last steps."""
    turn = steps.begin(ConversationState(), question, [FOLDER / image for image in images])
    while turn.next != "reduce":
        turn = getattr(steps, turn.next)(turn)
    (part,) = turn.parts
    told = Part(question=part.question, concepts=part.concepts, answer=replace(part.answer, text=answer))
    return steps.verify(steps.reduce(turn.but(parts=(told,))))


def test_what_is_said_of_somebody_nobody_asked_for_is_left_out(shared: PersonalMemory) -> None:
    turn = verified(Steps(shared), "What does Liki like?", "Liki likes noodles. Nori likes cheese.")
    assert turn.said == "Liki likes noodles."
    assert turn.notices == ("left out what was said of Nori, as nobody asked for it",)
    none = verified(Steps(shared), "What does Liki like?", "Nori likes cheese.")
    assert none.said == "I do not know. But the notes of Liki say: Liki likes noodles."


def test_a_name_in_the_notes_of_who_was_asked_for_may_be_said(own: Talk) -> None:
    own.memory.update("Liki", about="Liki shares a bowl with Nori.")
    turn = verified(Steps(own.memory), "Who shares a bowl with Liki?", "Liki shares a bowl with Nori.")
    assert turn.said == "Liki shares a bowl with Nori."


def test_those_who_did_not_fit_together_are_asked_alone(shared: PersonalMemory) -> None:
    """As with a window that is too small: the answer comes from the first one's segment only."""
    steps = Steps(shared)
    turn = steps.begin(ConversationState(), "Which of Liki and Nori likes cheese?")
    while turn.next != "reduce":
        turn = getattr(steps, turn.next)(turn)
    (part,) = turn.parts
    cut = part.model_copy(update={"concepts": ("Liki",)})
    turn = steps.reduce(turn.but(parts=(cut,)))
    assert str(turn.next) == "choose"
    while turn.next != "end":
        turn = getattr(steps, turn.next)(turn)
    said = steps.said(turn)
    assert said.text == "Nori likes cheese."
    assert [one.concepts for one in said.parts[1:]] == [("Liki",), ("Nori",)]
    assert said.notices == ("not all fit the model's window together; each was asked alone",)


def test_who_only_seems_to_be_there_is_taken_back(shared: PersonalMemory) -> None:
    scene_6 = ("scenes/scene-6.png",)
    turn = verified(Steps(shared), "Who is on the left?", "A red fish. It is Zifa.", scene_6)
    assert turn.said == "A red fish. But on a second look I do not think that Zifa is there."
    assert turn.cost.looks == 1
    unseen = Steps(shared, Settings(most_looks=0))
    assert verified(unseen, "Who is on the left?", "It is Zifa.", scene_6).said == "It is Zifa."


def test_the_first_look_does_not_contradict_the_second(shared: PersonalMemory) -> None:
    scene_6 = ("scenes/scene-6.png",)
    first = "On the left a red fish, yes. Zifa is in the picture."
    turn = verified(Steps(shared), "Is Zifa in the picture?", first, scene_6)
    assert turn.said == "On a second look, Zifa is not in the picture."
    # Of several only what was said of who is gone is taken back.
    steps = Steps(shared)
    turn = steps.begin(ConversationState(), "Are Liki and Zifa here?", [FOLDER / scene_6[0]])
    while turn.next != "reduce":
        turn = getattr(steps, turn.next)(turn)
    liki, zifa = turn.parts
    told = zifa.model_copy(update={"answer": replace(zifa.answer, text="A red fish, yes. Zifa is here.")})
    turn = steps.verify(steps.reduce(turn.but(parts=(liki, told))))
    assert turn.said == f"{liki.answer.text} On a second look, Zifa is not here."
    assert liki.answer.text.endswith("Liki is here.")


def test_an_answer_that_the_notes_do_not_bear_out_is_said_to_be_so(shared: PersonalMemory) -> None:
    turn = verified(Steps(shared), "How old is Liki?", "Liki is 9 years old.")
    assert turn.said == "Liki is 9 years old. But the notes of Liki say: Liki is 3 years old."


@pytest.mark.filterwarnings("ignore::jarvis_retrievers.errors.NoteWarning")
def test_notes_that_contradict_each_other_are_both_told(own: Talk) -> None:
    own.memory.update("Liki", about="Liki is 9 years old.")
    said = own("How old is Liki?")
    assert "But the notes of Liki contradict each other: " in said.text
    assert "Liki is 3 years old." in said.text
    assert "Liki is 9 years old." in said.text


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory, vlm: VLM, encoder: OpenCLIPEncoder) -> PersonalMemory:
    """Two that look the same, but for a sign that a cushion may hide."""
    rng = random.Random(3)
    look = world.Look("cat", "green", "plain", "heart", "orange", "scarf", "purple")
    memory = PersonalMemory.open(tmp_path_factory.mktemp("twins") / "home", model=vlm, clip=encoder)
    for name, glyph, food in (("Liki", "heart", "rice"), ("Zoru", "moon", "soup")):
        photos = [scene.draw_photo(rng, replace(look, glyph=glyph)).image for _ in range(3)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PhotoWarning)  # they do look alike
            memory.remember(name, photos, f"{name} likes {food}. {name} is 3 years old.")
    return memory


def test_two_look_alikes_in_one_place_are_asked_about(twins: PersonalMemory) -> None:
    rng = random.Random(4)
    look = world.Look("cat", "green", "plain", "heart", "orange", "scarf", "purple")
    picture = scene.draw_scene(rng, [Shown(look, None, True)]).image
    talk = Talk(twins)
    asked = talk.talk.say(talk.state, "Who is in the picture?", [picture])
    assert asked.kind == "ask_back"
    assert set(asked.choices) == {"Liki", "Zoru"}
    assert asked.parts == ()
    answered = talk.talk.say(asked.state, "It is Zoru")
    assert (answered.kind, answered.text) == ("answer", "Then it is Zoru.")
    assert talk.talk.say(answered.state, "What does she like?").text == "Zoru likes soup."
    worn = talk.talk.say(talk.state, "What does it wear?", [picture])
    assert (worn.kind, set(worn.choices)) == ("ask_back", {"Liki", "Zoru"})
    told = talk.talk.say(worn.state, "Zoru")
    assert told.parts[0].concepts == ("Zoru",)
    assert told.text == "Zoru wears a purple scarf."
    nobody = talk.talk.say(asked.state, "neither")
    assert nobody.kind == "answer"
    assert nobody.parts[0].concepts == ()
