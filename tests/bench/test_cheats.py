"""Planted cheats, each of which is flagged, and an honest method, which is not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from jarvis_bench import Dataset, Mark, Outcome, cleaned, leaks_of, outcomes_of, run, run_canary
from jarvis_bench.audit import constant_signs, dropped_signs, leak_signs
from jarvis_bench.controls import Plan
from jarvis_bench.item import Picture
from jarvis_bench.leaks import doubles_of, near_pictures
from jarvis_bench.looks import NEAR, look_distance, look_of
from jarvis_bench.score import scores_of
from jarvis_pocket import scene, world
from jarvis_retrievers.images import pixel_digest
from tests.bench.methods import HonestMethod, Planted, reads_file_names
from tests.bench.worlds import choice, drawn, picture, recognition, small_world


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return small_world(tmp_path_factory.mktemp("world"), images=2)


def kinds(result_signs: Iterator[object] | tuple[object, ...]) -> set[str]:
    return {getattr(sign, "kind") for sign in result_signs}  # noqa: B009


def test_an_honest_method_has_no_sign(data: Dataset, tmp_path: Path) -> None:
    result = run(data, HonestMethod(), tmp_path, plan=Plan(("method",)), resamples=20)
    assert result.signs == ()
    assert all(score.value.value == 1 for score in result.arms[0].scores)


@pytest.mark.parametrize("word", ["A", "Yes", "hm"])
def test_a_constant_answer_is_flagged(data: Dataset, tmp_path: Path, word: str) -> None:
    result = run(data, Planted(lambda query, count: word), tmp_path, plan=Plan(("method",)), resamples=20)
    assert kinds(result.signs) == {"constant"}
    groups = {sign.what.partition(":")[0] for sign in result.signs}
    assert groups == {"recognition", "vqa choice", "vqa open", "caption"}


def test_nearly_constant_is_flagged_and_a_lopsided_truth_is_not(data: Dataset) -> None:
    items = [choice(f"c{n}", [], ["x", "y"], n % 2, None) for n in range(60)]
    marks = [Mark(item.id, turn, False, "A" if n else "B") for n, item in enumerate(items) for turn in (0, 1)]
    (sign,) = constant_signs(outcomes_of(items, marks))
    assert "118 of 120 answers are 'A'" in sign.what
    assert "50%" in sign.what
    # 49 of 50 pictures do not show Bo, and a method that is always right says no 49 times.
    rare = [recognition(f"r{n}", ["bo"], data.items[0].images[0], n == 0) for n in range(50)]
    right = [Outcome(item, (Mark(item.id, 0, True, item.answer),)) for item in rare]
    assert constant_signs(right) == ()
    assert constant_signs(right[:7]) == ()


def test_a_method_that_reads_names_of_files_gains_nothing_and_is_flagged(
    data: Dataset, tmp_path: Path
) -> None:
    only = data.keeping(item for item in data.items if item.task == "recognition")
    result = run(only, Planted(reads_file_names), tmp_path, plan=Plan(("method",)), resamples=20)
    assert "names" in kinds(result.signs)
    assert result.arms[0].scores[0].value.value == 0  # it saw no name
    found = run_canary(Planted(reads_file_names), only)
    assert found.unstable == 0
    assert found.changed > 0


def test_a_method_that_counts_is_flagged(data: Dataset) -> None:
    # It knows that the published file lists every second item as a yes.
    found = run_canary(Planted(lambda query, count: "Yes" if count % 2 else "No"), data)
    assert kinds(found.signs) == {"names"}


def test_a_method_that_rolls_dice_is_not_flagged(data: Dataset) -> None:
    import random

    rng = random.Random(4)
    found = run_canary(Planted(lambda query, count: rng.choice(["Yes", "No", "A"])), data, items=60)
    assert found.unstable > 10
    assert found.signs == ()


def test_the_canary_of_an_honest_method_is_still(data: Dataset) -> None:
    method = HonestMethod()
    found = run_canary(method, data, items=24)
    assert (found.unstable, found.changed, found.signs) == (0, 0, ())
    assert found.asked >= 24
    ids = [set(memory.asked) for memory in method.memories]
    assert ids[0] == ids[1]
    assert not ids[0] & ids[2]
    assert all(memory.closed for memory in method.memories)


def test_a_parser_that_drops_answers_is_flagged_and_gains_nothing(data: Dataset) -> None:
    items = [item for item in data.items if item.task == "recognition"]
    marks = [
        Mark(item.id, 0, True, item.answer) if n % 2 else Mark(item.id, 0, False, None)
        for n, item in enumerate(items)
    ]
    dropped = [mark for mark in marks if mark.readable]  # what it could not read it left out
    assert dropped_signs(items, marks) == ()
    (sign,) = dropped_signs(items, dropped)
    assert sign.kind == "dropped"
    assert f"{len(items) - len(dropped)} answers have no mark" in sign.what
    (all_marks,) = scores_of(outcomes_of(items, marks), resamples=10)
    (without,) = scores_of(outcomes_of(items, dropped), resamples=10)
    assert without.value == all_marks.value
    assert (without.missing, without.unreadable) == (16, 0)
    assert (all_marks.missing, all_marks.unreadable) == (0, 16)


def test_marks_twice_and_marks_of_nothing_are_flagged(data: Dataset) -> None:
    (item,) = data.items[:1]
    mark = Mark(item.id, 0, True, "yes")
    signs = dropped_signs([item], [mark, mark, replace(mark, rotation=3)])
    assert [sign.kind for sign in signs] == ["dropped", "dropped"]
    assert "several marks" in signs[0].what
    assert "never asked" in signs[1].what


def leaking(data: Dataset, image: Image.Image) -> Dataset:
    """The data with one more item, which shows this image."""
    path = data.root / "test" / "leaked.jpg"
    image.save(path, quality=60)
    with Image.open(path) as opened:
        seen = opened.convert("RGB")
    shown = Picture(path="test/leaked.jpg", digest=pixel_digest(seen), look=look_of(seen))
    return data.keeping([*data.items, recognition("leaked", ["bo"], shown, True)])


def test_a_leaked_view_is_flagged_and_left_out(data: Dataset, tmp_path: Path) -> None:
    photo = data.concepts[0].photos[1]
    same = data.keeping([*data.items, recognition("same", ["bo"], photo, True)])
    with Image.open(data.root / photo.path) as opened:
        smaller = leaking(data, opened.convert("RGB").resize((40, 40)))
    for spoilt, kind in ((same, "exact"), (smaller, "near")):
        (leak,) = leaks_of(spoilt)
        assert (leak.concept, leak.reference, leak.kind) == ("bo", photo.path, kind)
        assert leak.distance <= NEAR
        assert kinds(leak_signs(spoilt)) == {"leak"}
        kept = cleaned(spoilt)
        assert kept.items == data.items
        assert [(one.why, one.count) for one in kept.left_out] == [("shows a reference photo", 1)]
    assert leaks_of(data) == ()
    result = run(same, HonestMethod(), tmp_path, plan=Plan(("method",)), resamples=10)
    assert kinds(result.signs) == {"leak"}
    assert result.left_out[0].count == 1
    assert "shows a reference photo" in (tmp_path / "table.md").read_text("utf-8")


def test_copies_are_near_and_other_pictures_are_far() -> None:
    import random

    rng = random.Random(7)
    concepts = world.draw_concepts(rng, 6, "heldout")
    photos = [scene.draw_photo(rng, one.look, 192).image for one in concepts for _ in range(2)]
    photos += [drawn(str(number), None, 192) for number in range(6)]
    looks = [look_of(photo) for photo in photos]
    for photo, look in zip(photos, looks, strict=True):
        buffer = io.BytesIO()
        photo.resize((120, 120)).save(buffer, "JPEG", quality=50)
        with Image.open(buffer) as copy:
            assert look_distance(look, look_of(copy)) <= NEAR
            mirrored = copy.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            assert look_distance(look, look_of(mirrored)) <= NEAR
    apart = [look_distance(one, other) for place, one in enumerate(looks) for other in looks[:place]]
    assert min(apart) > NEAR
    assert look_of(Image.new("RGB", (30, 30))) == look_of(Image.new("RGB", (90, 60), "red"))


def test_items_that_are_asked_twice(data: Dataset) -> None:
    first = data.items[0]
    again = first.model_copy(update={"id": "again", "question": first.question.upper() + " "})
    other = first.model_copy(update={"id": "other", "answer": "no" if first.answer == "yes" else "yes"})
    assert doubles_of(data.keeping([first, again])) == ((first.id, "again", True),)
    kept = cleaned(data.keeping([*data.items, again]))
    assert kept.items == data.items
    against = cleaned(data.keeping([*data.items, other]))
    assert against.items == data.items[1:]
    assert [(one.why, one.count) for one in against.left_out] == [("asked twice, answered differently", 2)]
    turned = choice("one", [], ["x", "y"], 0, None)
    same = turned.model_copy(update={"id": "two", "options": ("y", "x"), "answer": "B"})
    assert doubles_of(data.keeping([turned, same])) == (("one", "two", True),)


def test_pictures_of_one_world_are_no_copies(data: Dataset, tmp_path: Path) -> None:
    one = picture(tmp_path, "a.png", "seed")
    two = picture(tmp_path, "b.png", "seed")
    assert (one.digest, one.look) == (two.digest, two.look)
    looks = {image.path: image.look for item in data.items for image in item.images}
    pairs = [(a, b) for a in looks for b in looks if a < b]
    assert min(look_distance(looks[a], looks[b]) for a, b in pairs) > NEAR


def test_near_pictures_are_those_that_counting_bits_gives(data: Dataset) -> None:
    images = list({image.path: image for item in data.items for image in item.images}.values())
    for near in (90, 110, 256):
        wanted = [
            (a, b, apart)
            for a, one in enumerate(images)
            for b, other in enumerate(images)
            if (apart := look_distance(one.look, other.look)) <= near
        ]
        assert list(near_pictures(images, images, near)) == wanted
