"""What a profiler says is kept with the concept: below the owner's words, asked once, gone with nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest

from jarvis_memory.profile import build_profile, profile_text
from jarvis_memory.profiling import Description, JsonProfiler, RuleProfiler, SlotProfiler, State, Subject
from jarvis_memory.profiling.choice import choose_profiler
from jarvis_memory.vlm import VLM
from jarvis_pocket import scene
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import ProfileError, SettingError, UnknownConceptError
from tests.memory.conftest import Opener

FIRST = Description(
    state=State(place="on a shelf"),
    category="lion",
    caption="A small lion on a shelf.",
    attributes=("mane: red", "place: shelf"),
    facts=("Has a bell.",),
)
SECOND = Description(category="tiger", attributes=("stripes: black",))


class Told:
    """A profiler that says one thing after the other, and keeps whom it was asked about."""

    def __init__(self, *said: object) -> None:
        self.said = list(said)
        self.asked: list[Subject] = []

    def describe(self, subject: Subject) -> Any:
        self.asked.append(subject)
        return self.said[len(self.asked) - 1]


def test_a_description_lives_with_its_concept(opened: Opener, exam: Exam) -> None:
    name, photos = exam.concepts[0].name, exam.photos[0]
    told = Told(FIRST, SECOND)
    memory = opened(profiler=told)
    one = memory.remember(name, [photos[0]], "Likes cheese.")
    assert one.profile.category == "lion"
    assert one.profile.caption == f"{name} is a lion with mane red."
    assert one.profile.attributes == ("mane: red",)
    assert one.profile.facts == (f"{name} likes cheese.", f"{name} has a bell.")
    assert one.description == FIRST.lasting()
    assert (one.category, one.history) == (None, ())
    assert "shelf" not in one.model_dump_json()
    (subject,) = told.asked
    assert (subject.name, subject.category, subject.facts) == (name, None, (f"{name} likes cheese.",))
    assert (len(subject.photos), len(subject.patches)) == (1, len(one.patches))
    assert {patch.size for patch in subject.patches} == {(memory.node.patch_side,) * 2}

    # Notes and hands change the profile; nobody is asked again.
    noted = memory.update(name, about="Is my lynx. Has a bell.")
    assert (noted.profile.category, noted.profile.attributes) == ("lynx", ("mane: red",))
    assert noted.profile.facts[-1] == f"{name} has a bell."
    assert len(noted.profile.facts) == 3
    by_hand = memory.edit(name, attributes=["tail: long"], category="fox")
    assert (by_hand.profile.category, by_hand.profile.attributes) == ("fox", ("tail: long",))
    reset = memory.edit(name, reset=["attributes", "category"])
    assert reset.profile == noted.profile
    assert memory.update(name, photos=[photos[0]], about="Naps.").description == one.description
    assert len(told.asked) == 1

    # A new photo is looked at, with those that were there.
    seen = memory.update(name, photos=[photos[1]])
    assert len(told.asked) == 2
    assert (len(told.asked[1].photos), len(told.asked[1].patches)) == (2, len(seen.patches))
    assert (seen.description, seen.profile.category) == (SECOND, "lynx")
    assert seen.profile.attributes == ("stripes: black",)
    assert len(seen.history) == len(reset.history) + 1
    assert seen.history[-1].profile.attributes == ("mane: red",)
    with opened() as other:
        assert other.show(name) == seen
        assert other.update(name, about="Purrs.").description == SECOND
        assert other.reindex(everything=True) == 1
        assert other.show(name).description == SECOND


def test_words_of_the_owner_win_over_what_is_seen(opened: Opener, exam: Exam) -> None:
    told = Told(FIRST)
    name = exam.concepts[0].name
    concept = opened(profiler=told).remember(name, [exam.photos[0][0]], category="cat")
    assert (concept.profile.category, concept.category, told.asked[0].category) == ("cat", "cat", "cat")


@pytest.mark.parametrize("profiler", [None, RuleProfiler()])
def test_by_rule_nothing_changes(opened: Opener, exam: Exam, profiler: RuleProfiler | None) -> None:
    name = exam.concepts[0].name
    concept = opened(profiler=profiler).remember(name, [exam.photos[0][0]], exam.notes[0])
    assert concept.description is None
    assert concept.profile == build_profile(name, [exam.notes[0]])


@pytest.mark.parametrize("said", [None, {"category": "cat"}])
def test_what_is_no_description_stores_nothing(opened: Opener, exam: Exam, said: object) -> None:
    memory = opened(profiler=Told(said))
    with pytest.raises(ProfileError, match="gives a Description"):
        memory.remember("Bo", [exam.photos[0][0]])
    assert memory.list() == []
    assert memory.nbytes() == 0
    with pytest.raises(UnknownConceptError):
        memory.show("Bo")


@pytest.mark.parametrize("wrong", ["rule", 3, object(), RuleProfiler])
def test_only_profilers_profile(opened: Opener, wrong: object) -> None:
    with pytest.raises(SettingError, match="profiler is None, 'vlm'"):
        opened(profiler=wrong)


def test_the_word_means_the_model_itself(vlm: VLM, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(choose_profiler("vlm", lambda: vlm), SlotProfiler)
    monkeypatch.setattr(vlm, "slots", None)
    assert isinstance(choose_profiler("vlm", lambda: vlm), JsonProfiler)
    assert choose_profiler(None, lambda: vlm) is None


def test_pocket_describes_what_it_remembers(opened: Opener, exam: Exam) -> None:
    concept, note = exam.concepts[0], exam.notes[0]
    memory = opened(profiler="vlm")
    one = memory.remember(concept.name, list(exam.photos[0]), note)
    assert one.profile.category == concept.look.category
    assert one.profile.facts == build_profile(concept.name, [note]).facts
    assert f"emblem: {concept.look.emblem}" in one.profile.attributes
    assert concept.look.emblem in profile_text(one.profile)
    said = memory.ask(f"What emblem does {concept.name} have?").text
    assert concept.look.emblem in said
    with opened("another", profiler="vlm") as other:
        twin = other.remember(concept.name, list(exam.photos[0]), note)
    assert (twin.profile, twin.description) == (one.profile, one.description)


def test_another_encoder_describes_only_new_photos(opened: Opener, exam: Exam, vlm: VLM) -> None:
    from jarvis_retrievers.reference import ColourEncoder

    told = Told(FIRST, SECOND)
    name, photos = exam.concepts[0].name, exam.photos[0]
    opened(profiler=told).remember(name, [photos[0]])
    other = opened(profiler=told, clip=ColourEncoder())
    assert other.update(name, about="Purrs.").description == FIRST.lasting()
    rng = random.Random("another")
    new = scene.draw_photo(rng, exam.concepts[0].look).image
    assert other.update(name, photos=[new]).description == SECOND
