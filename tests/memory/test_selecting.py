"""Segments made from tokens of photos: chosen, recorded, made again, and calibrated."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from jarvis_memory import VLM, PersonalMemory
from jarvis_memory.gate import Verdict
from jarvis_memory.kv import Mode, Segment, Storage
from jarvis_memory.profile import build_profile
from jarvis_memory.selecting import (
    CalibrationPhoto,
    Selecting,
    TokenChooser,
    calibrate,
    even_tokens,
    strongest_tokens,
)
from jarvis_memory.selecting.keywords import keywords
from jarvis_pocket import scene, world
from jarvis_pocket.exam import Exam
from jarvis_retrievers.errors import InputError, SettingError, UnsupportedModelError
from jarvis_retrievers.masker import Mask
from tests.kv.limited import make_gemma3, make_qwen3_5
from tests.memory.conftest import Opener

TOKENS = 25  # Pocket's, of a photo of 256 x 256


@pytest.fixture
def one(opened: Opener, exam: Exam) -> PersonalMemory:
    """A memory of the exam's first concept."""
    memory = opened()
    memory.remember(exam.concepts[0].name, list(exam.photos[0]), exam.notes[0])
    return memory


def segment(memory: PersonalMemory, name: str) -> Segment:
    return memory._engine.keeper.get(memory.show(name)).segment


def near(a: Segment, b: Segment) -> bool:
    """The same keys, but for their rounding to bfloat16."""
    return float((a.keys.float() - b.keys.float()).abs().max()) <= 2**-8 * float(b.keys.abs().max())


def kept(memory: PersonalMemory, name: str) -> list[tuple[int, ...] | None]:
    return [one.kept for one in memory.show(name).selections]


def test_each_selector_makes_its_segments_without_a_photo_given_again(
    one: PersonalMemory, exam: Exam
) -> None:
    name = exam.concepts[0].name
    question = f"What does {name} like?"
    before, patched = segment(one, name), one.show(name)
    told = one.ask(question)
    assert one.show(name).selections == ()
    sizes = {"full": TOKENS, "uniform": 5, "attention": 5}
    for selector, size in sizes.items():
        assert one.migrate(selector=selector) == 1
        made = segment(one, name)
        assert [part.seen for part in made.parts[1:]] == [size] * len(exam.photos[0])
        assert [part.width for part in made.parts[1:]] == [made.parts[1].width] * len(exam.photos[0])
        assert [kept.key for kept in one.show(name).selections] == [selector] * len(exam.photos[0])
        answer = one.ask(question)
        assert answer.usage.reused == one.node.prefix.tokens + made.tokens
        # The notes are the same text before any photo.
        assert answer.text == told.text
        assert not answer.notices
        assert one.show(name).patches[0].box == patched.patches[0].box
    assert kept(one, name)[0] != even_tokens(5, 5, 5)
    one.migrate(selector="uniform", tokens=7)
    assert kept(one, name) == [even_tokens(5, 5, 7)] * 2
    one.migrate(selector="patches")
    again = segment(one, name)
    assert one.show(name).selections == ()
    assert (again.token_ids, again.parts) == (before.token_ids, before.parts)
    assert near(again, before)


def test_what_was_chosen_is_in_the_record(opened: Opener, one: PersonalMemory, exam: Exam) -> None:
    name = exam.concepts[0].name
    one.migrate(selector="attention", tokens=6)
    concept, made = one.show(name), segment(one, name)
    one._store.drop_segments(concept.id)
    other = opened()
    again = segment(other, name)
    assert other.show(name).selections == concept.selections
    assert (again.token_ids, again.parts) == (made.token_ids, made.parts)
    assert near(again, made)
    # The record decides, not a new look at the photo.
    changed = concept.selections[0].model_copy(update={"kept": (0, 1)})
    source = other._engine.keeper.source(
        concept.model_copy(update={"selections": (changed, *concept.selections[1:])})
    )
    assert [photo.kept for photo in source.photos] == [(0, 1), concept.selections[1].kept]


def test_what_another_model_chose_is_not_taken(one: PersonalMemory, exam: Exam, vlm: VLM) -> None:
    name = exam.concepts[0].name
    one.migrate(selector="attention", tokens=6)
    concept = one.show(name)
    foreign = tuple(kept.model_copy(update={"model": "other", "kept": (0,)}) for kept in concept.selections)
    keeper = one._engine.keeper
    stranger = concept.model_copy(update={"selections": foreign})
    assert [photo.kept for photo in keeper.source(stranger).photos] == kept(one, name)
    # Nothing is recorded then, and the stored segment is taken all the same.
    assert keeper.get(stranger).segment.token_ids == keeper.get(concept).segment.token_ids


def test_a_new_photo_is_appended(one: PersonalMemory, exam: Exam) -> None:
    one.migrate("f32", selector="uniform", tokens=4)
    name = exam.concepts[0].name
    old, before = one.show(name), segment(one, name)
    photo = scene.draw_photo(random.Random("more"), exam.concepts[0].look).image
    new = one.update(name, photos=[photo])
    made = segment(one, name)
    assert new.selections[:2] == old.selections
    assert len(new.selections) == len(new.photos) == 3
    assert made.parts[:3] == before.parts
    fresh = one.node.encode_segment(one._engine.keeper.source(new))
    assert (fresh.token_ids, fresh.parts) == (made.token_ids, made.parts)
    limit = 1e-4 * float(fresh.keys.abs().max())
    assert float((fresh.keys - made.keys).abs().max()) < limit
    # Another profile is another text before the photos: all is encoded again, of the same tokens.
    edited = one.edit(name, facts=[f"{name} sleeps."])
    assert edited.selections == new.selections
    assert segment(one, name).parts[1:] == made.parts[1:]


class Corner:
    """The subject is the upper left quarter."""

    def masks(self, photos: Sequence[Image.Image], prompts: Sequence[str]) -> list[Mask]:
        made = []
        for photo in photos:
            mask = np.zeros((photo.height, photo.width), np.bool_)
            mask[: photo.height // 2, : photo.width // 2] = True
            made.append(mask)
        return made


def test_attention_keeps_what_the_formula_says(vlm: VLM, exam: Exam) -> None:
    concept, photos = exam.concepts[0], list(exam.photos[0])
    profile = build_profile(concept.name, [exam.notes[0]], None)
    chooser = TokenChooser(vlm, Selecting.of("attention", 9), lambda: (1, 3), Corner())
    found = chooser.choose(profile, photos, [])
    words = keywords(vlm, profile, photos)
    assert len(words) >= 2
    for photo, made in zip(photos, found, strict=True):
        importance = vlm.sight.attention(photo, concept.name, words)[[1, 3]].double().mean(0)
        # A quarter of 25 tokens is fewer than 9.
        assert made.kept == strongest_tokens(importance.tolist(), 6)
        assert (made.rows, made.columns, made.tokens) == (5, 5, 25)
    wide = TokenChooser(vlm, Selecting.of("attention", 9), lambda: (1, 3)).choose(profile, photos, [])
    assert [one.count for one in wide] == [9, 9]


def photos(n: int) -> list[CalibrationPhoto]:
    made = []
    for number in range(n):
        rng = random.Random(f"layers/{number}")
        look, name = world.draw_look(rng, "train"), world.draw_name(rng, "train")
        picture = scene.draw_photo(rng, look)
        words = (look.body, look.emblem)
        made.append(CalibrationPhoto(picture.image, picture.figures[0].mask, name, words))
    return made


def test_overlaps_are_what_one_counts_by_hand(vlm: VLM) -> None:
    some = photos(3)
    seen: list[int] = []
    found = calibrate(vlm, some, seen.append)
    overlaps, even = [], []
    for photo in some:
        mask = np.asarray(photo.mask, dtype=float)
        edges = np.linspace(0, 256, 6)
        truth = {
            5 * y + x
            for y in range(5)
            for x in range(5)
            if mask[round(edges[y]) : round(edges[y + 1]), round(edges[x]) : round(edges[x + 1])].mean()
            >= 128
        }
        attention = vlm.sight.attention(photo.image, photo.name, photo.words)
        best = [set(np.argsort(-layer.numpy(), kind="stable")[: len(truth)].tolist()) for layer in attention]
        overlaps.append([len(truth & one) / len(truth | one) for one in best])
        spread = set(even_tokens(5, 5, len(truth)))
        even.append(len(truth & spread) / len(truth | spread))
    assert found.overlaps == pytest.approx(np.mean(overlaps, axis=0))
    assert found.even == pytest.approx(np.mean(even))
    assert found.layers == (int(np.argmax(found.overlaps)),)  # a quarter of 4
    assert (found.photos, seen, found.fingerprint) == (3, [1, 2, 3], vlm.fingerprint)
    # Pocket looks at what it speaks of.
    assert max(found.overlaps) > 2 * found.even


def test_layers_are_kept_and_used(one: PersonalMemory, exam: Exam, caplog: pytest.LogCaptureFixture) -> None:
    name = exam.concepts[0].name
    with caplog.at_level(logging.WARNING):
        one.migrate(selector="attention", tokens=6)
    assert [r.message for r in caplog.records if "jarvis calibrate" in r.message]
    guessed = kept(one, name)
    caplog.clear()
    found = one.calibrate(photos(2))
    assert one._engine.layer_scores == found
    one.migrate(selector="attention", tokens=6)
    assert not caplog.records
    chooser = TokenChooser(one.node, Selecting.of("attention", 6), lambda: found.layers, one._engine._masker)
    concept = one.show(name)
    boxes = [([p.id for p in concept.photos].index(p.photo_id), p.box) for p in concept.patches]
    wanted = [one.kept for one in chooser.choose(concept.profile, list(exam.photos[0]), boxes)]
    assert kept(one, name) == wanted
    assert found.layers != (1, 2)
    assert guessed != wanted


def test_a_verdict_holds_for_what_segments_are_made_from(household: PersonalMemory, exam: Exam) -> None:
    names = [concept.name for concept in exam.concepts[:2]]
    question = f"What do {names[0]} and {names[1]} have in common?"
    assert (
        household.ask(question, max_new_tokens=1).usage.mode == "compose"
    )  # measured before the model was given away
    household.migrate(selector="uniform")
    told = household.ask(question, max_new_tokens=1)
    assert told.usage.mode == "exact"
    assert any("jarvis gate" in notice for notice in told.notices)
    found = Verdict(
        fingerprint=household.node.fingerprint,
        storage=Storage.BF16,
        mode=Mode.LINK,
        selector="uniform",
        scores=(),
    )
    household._engine.keep_verdict(found)
    assert household.ask(question, max_new_tokens=1).usage.mode == "link"


def test_what_cannot_be_is_refused(one: PersonalMemory, opened: Opener) -> None:
    with pytest.raises(SettingError, match="nothing to change"):
        one.migrate()
    with pytest.raises(SettingError, match="'ego'"):
        one.migrate(selector="ego")
    with pytest.raises(SettingError, match="name the selector"):
        one.migrate(tokens=5)
    with pytest.raises(InputError, match="mask"):
        one.calibrate([])
    blank = Image.new("RGB", (64, 64), "white")
    shown = CalibrationPhoto(blank, Image.new("L", (64, 64), 255), "Bo", ("dog",))
    for make in (make_gemma3, make_qwen3_5):
        memory = opened(model=make().vlm)
        with pytest.raises(UnsupportedModelError, match="'attention'"):
            memory.migrate(selector="attention")
        with pytest.raises(UnsupportedModelError, match="cannot be looked at"):
            memory.calibrate([shown])
    assert one.selecting == Selecting()
