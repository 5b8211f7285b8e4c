"""The finder: words decide only where nothing else does, and a change by anybody is seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from jarvis_memory import PersonalMemory
from jarvis_memory.finder import Finder
from jarvis_memory.store.contracts import VectorRows
from jarvis_memory.store.owner import OwnerStore
from jarvis_pocket.exam import Exam
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.calibration import genuine_cosine, impostor_cosine
from jarvis_retrievers.openclip import OpenCLIPEncoder

Opener = Callable[..., PersonalMemory]


def telling(exam: Exam) -> tuple[str, str]:
    """A concept's name and a fact of it that no other concept shares."""
    first, *others = exam.concepts
    return first.name, next(v for k, v in first.facts.items() if all(c.facts[k] != v for c in others))


def test_a_name_outranks_the_words_of_another(household: PersonalMemory, exam: Exam) -> None:
    _, value = telling(exam)
    other = exam.concepts[1].name
    found = household.recall(f"Does {other} care for {value}?", k=1)
    assert [one.name for one in found] == [other]
    assert found[0].by_words is None


def test_a_picture_outranks_words(household: PersonalMemory, exam: Exam) -> None:
    _, value = telling(exam)
    found = household.recall(f"Is this the one with {value}?", images=[exam.photos[1][0]], k=1)
    assert [one.name for one in found] == [exam.concepts[1].name]


def test_every_name_in_a_question_counts_beyond_k(household: PersonalMemory, exam: Exam) -> None:
    names = [concept.name for concept in exam.concepts]
    assert {one.name for one in household.recall(" and ".join(names), k=1)} == set(names)


def test_words_that_nobody_has_find_nobody(household: PersonalMemory) -> None:
    assert household.recall("zeppelins over Reykjavik") == []


def test_a_change_through_another_handle_is_seen(opened: Opener, exam: Exam) -> None:
    one, two = opened(), opened()
    concept = exam.concepts[0]
    assert two.recall(concept.name) == []
    # Words that half of the notes hold tell nobody apart, so there are three.
    for each, photos, notes in zip(exam.concepts, exam.photos, exam.notes, strict=True):
        one.remember(each.name, [photos[0]], notes)
    assert [found.name for found in two.recall(concept.name)] == [concept.name]
    one.update(concept.name, about="Plays the bassoon.")
    assert [found.name for found in two.recall("the bassoon player")] == [concept.name]
    one.forget(concept.name)
    assert two.recall(concept.name) == []


def test_only_what_changed_is_indexed_again(
    household: PersonalMemory, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[str] | None] = []
    real = OwnerStore.vectors

    def noted(self: OwnerStore, concepts: Collection[str] | None = None) -> VectorRows:
        asked.append(None if concepts is None else set(concepts))
        return real(self, concepts)

    picture = exam.photos[2][0]
    before = household.recall(images=[picture], k=3)
    first, second = (household.show(concept.name) for concept in exam.concepts[:2])
    monkeypatch.setattr(OwnerStore, "vectors", noted)
    household._engine.finder.find("")
    assert asked == []
    household.forget(second.name)
    household._engine.finder.find("")
    assert asked == [set()]
    # A name and notes change no vector of others; who is changed is read again.
    household.update(first.name, about="Hums at night.")
    asked.clear()  # remembering looks at the others' vectors, too
    household._engine.finder.find("")
    assert asked == [{first.id}]
    fresh = Finder(household._store, household._engine.encoder, household._engine.finder._config)
    for question, images in (("", [picture]), ("Hums at night?", []), (first.name, [])):
        kept, made = (one.find(question, images) for one in (household._engine.finder, fresh))
        assert [(f.concept.id, f.hit, f.words) for f in kept] == [
            (f.concept.id, f.hit, f.words) for f in made
        ]
    assert before[0].name in {one.name for one in household.recall(images=[picture], k=3)}
    owner = household.owner
    assert household._engine.finder._current().index.count(owner) == fresh._current().index.count(owner)


def test_somebody_named_before_is_meant_by_a_pronoun(household: PersonalMemory, exam: Exam) -> None:
    first, second = exam.concepts[0].name, exam.concepts[1].name
    turns = [(f"Who is {second}?", "Somebody."), (f"What does {first} like?", f"{first} likes something.")]
    find = household._engine.finder.find
    found = find("And when was she born?", history=turns)
    assert [(one.concept.name, one.via) for one in found] == [(first, "")]
    # A name in the question counts alone, and so does a picture.
    assert {one.concept.name for one in find(f"And {second}, when was she born?", history=turns)} == {second}
    seen = find("Is this her?", [exam.photos[1][0]], turns)
    assert [one.concept.name for one in seen][:1] == [second]
    assert find("And when was she born?") == find("And when was she born?", history=[("Hello.", "Hello.")])


def test_the_notes_lead_to_who_shares_a_bowl(household: PersonalMemory, exam: Exam) -> None:
    concept, friend = exam.concepts[0], exam.concepts[1].name
    household.update(concept.name, about=f"{concept.name} shares a bowl with {friend}.")
    found = household._engine.finder.find(f"What does the friend of {concept.name} like?")
    assert [(one.concept.name, one.via) for one in found] == [(concept.name, None), (friend, concept.name)]
    assert len(household._engine.finder.find(f"How old is {concept.name}?")) == 1


@pytest.mark.filterwarnings("ignore::jarvis_retrievers.errors.PhotoWarning")
def test_a_threshold_rises_when_a_neighbour_moves_in(opened: Opener, exam: Exam) -> None:
    """Calibrated from its own photos, those of others and a cohort of strangers, as they are today."""
    memory = opened()
    concept = exam.concepts[0]
    memory.remember(concept.name, list(exam.photos[0]), exam.notes[0])
    finder = memory._engine.finder
    bare = Finder(memory._store, memory._engine.encoder, finder._config)

    def threshold(one: Finder) -> float:
        view = one._current()
        return one._threshold(view, next(key for key, c in view.concepts.items() if c.name == concept.name))

    settings, rows = finder._config, memory._store.vectors()
    patches = {patch.id: patch for patch in memory.show(concept.name).patches}
    whole = [
        row
        for row, kept in enumerate(rows.ids)
        if int(kept) in patches and patches[int(kept)].box.width >= settings.whole_scale * 256 - 1
    ]
    own, photos = rows.matrix[whole], [patches[int(rows.ids[row])].photo_id for row in whole]
    genuine = genuine_cosine(own, photos)
    bank = finder._bank
    assert len(bank) == 1000
    wanted = settings.calibration.threshold(settings.image_threshold, impostor_cosine(own, bank), genuine)
    assert threshold(finder) == pytest.approx(wanted, abs=1e-6)
    # Without a cohort there are too few others to say who is near.
    assert threshold(bare) == pytest.approx(
        settings.calibration.threshold(settings.image_threshold, None, genuine), abs=1e-6
    )
    # A twin moves in: nobody could be nearer.
    memory.remember("Twin", list(exam.photos[0]))
    twin = settings.calibration.threshold(settings.image_threshold, 1.0, genuine)
    assert threshold(finder) == pytest.approx(twin, abs=1e-3)
    assert threshold(finder) > wanted
    memory.forget("Twin")
    assert threshold(finder) == pytest.approx(wanted, abs=1e-6)


def test_a_detector_adds_regions_to_pictures(opened: Opener, exam: Exam) -> None:
    picture, asked = exam.photos[0][0], list[tuple[int, int]]()
    box = Box(3, 5, 94, 96)

    def detector(image: Image.Image) -> list[Box]:
        asked.append(image.size)
        return [box]

    def looked(**more: object) -> int:
        memory = opened("detector" if more else "none", **more)
        memory.remember(exam.concepts[0].name, list(exam.photos[0]), exam.notes[0])
        return memory.why("", [picture]).regions

    assert looked(detector=detector) == looked() + 1
    assert picture.size in asked


def test_pictures_that_were_seen_are_known_until_something_is_forgotten(
    household: PersonalMemory, opened: Opener, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, names = exam.photos[1][0], [concept.name for concept in exam.concepts]
    finder = household._engine.finder
    plain = household.why("Who is here?", [picture])
    shown: list[int] = []
    real = type(household._engine.encoder).encode_images

    def encode(self: OpenCLIPEncoder, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        shown.append(len(images))
        return real(self, images)

    monkeypatch.setattr(OpenCLIPEncoder, "encode_images", encode)
    again = household.why("Is there anybody?", [picture])
    assert shown == []
    assert [name for name, _ in again.sightings] == [name for name, _ in plain.sightings]
    for (_, one), (_, other) in zip(plain.sightings, again.sightings, strict=True):
        assert (one.region, one.verdict) == (other.region, other.verdict)
        assert one.score == pytest.approx(other.score, abs=1e-6)
    household.update(names[0], about="Plays the bassoon.")
    household.forget(names[0])
    assert len(finder.seen) == 0
    household.recall(images=[picture])
    assert len(finder.seen) == 1
    opened().forget(names[2])  # in another process, say
    household.recall("bassoon")
    assert len(finder.seen) == 0
    household.recall(images=[picture])
    household.close()
    assert len(finder.seen) == 0
