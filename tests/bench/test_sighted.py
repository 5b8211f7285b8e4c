"""Regions of pictures: who claims them, how they are boxed and cut, and how candidates are scored."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from benchmarks.pekit import best_threshold
from jarvis_bench import Introduction, Query
from jarvis_bench.methods import Models, make_method
from jarvis_bench.methods.boxes import COLOURS, box_words, boxed
from jarvis_bench.methods.candidates import candidates, text_of
from jarvis_bench.methods.sighted import Seen, claimed, region_pictures
from jarvis_bench.methods.verifying import described, shared
from jarvis_pocket.scene import draw_photo
from jarvis_pocket.world import draw_look
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.crops import crop
from jarvis_retrievers.reference import ColourEncoder
from jarvis_retrievers.retrieval import Sighting


def sighting(score: float, box: Box, picture: int = 0) -> Sighting:
    return Sighting("key", score, 0.9, (picture, box), 0, "seen")


def noise(seed: int, width: int = 64, height: int = 48) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_a_region_belongs_to_whom_it_is_most_like() -> None:
    left, inside, right = Box(0, 0, 40, 40), Box(5, 5, 35, 35), Box(60, 0, 100, 40)
    near = [
        ("Bo", sighting(0.95, left)),
        ("Mimi", sighting(0.94, inside)),
        ("Zed", sighting(0.93, right)),
        ("Ann", sighting(0.94, left, 1)),
        ("Low", sighting(0.5, Box(200, 0, 240, 40))),
    ]
    found = claimed(near, 0.9)
    assert [(one.name, one.picture, one.box) for one in found] == [
        ("Bo", 0, left),
        ("Ann", 1, left),
        ("Zed", 0, right),
    ]
    assert claimed(near, 0.96) == ()


def test_boxes_are_drawn_along_the_rim_of_regions() -> None:
    white = Image.new("RGB", (100, 80), (255, 255, 255))
    seen = [Seen("Bo", 0, Box(10, 5, 50, 65), 1.0), Seen("Mimi", 0, Box(60, 20, 100, 80), 0.9)]
    (drawn,) = boxed([white], seen)
    expected = np.full((80, 100, 3), 255, np.uint8)
    for one, colour in zip(seen, COLOURS.values(), strict=False):
        left, top, right, bottom = one.box.as_tuple()
        frame = np.zeros((80, 100), np.bool_)
        frame[top:bottom, left:right] = True
        frame[top + 1 : bottom - 1, left + 1 : right - 1] = False
        expected[frame] = colour
    assert np.array_equal(np.asarray(drawn), expected)
    assert np.asarray(white).min() == 255
    assert box_words(seen) == (
        'In this image, the entity enclosed in a red box is called "Bo". In this image, the entity enclosed '
        'in a green box is called "Mimi". Never mention the boxes and their colors.'
    )
    assert box_words([]) == ""


def test_a_region_is_shown_whole_and_in_three_parts() -> None:
    image = noise(1)
    pictures = region_pictures(image, Box(8, 4, 48, 44), 16)
    boxes = [Box(8, 4, 48, 44), Box(18, 4, 38, 24), Box(18, 14, 38, 34), Box(18, 24, 38, 44)]
    for picture, box in zip(pictures, boxes, strict=True):
        assert np.array_equal(np.asarray(picture), np.asarray(crop(image, box, 16)))


def test_candidates_are_scored_by_images_and_texts() -> None:
    encoder, image, rng = ColourEncoder(), noise(2), np.random.default_rng(3)
    boxes = {
        "Bo": Box(0, 0, 30, 30),
        "Mimi": Box(2, 2, 32, 32),
        "Ann": Box(1, 0, 31, 30),
        "Zed": Box(34, 0, 64, 30),
    }
    near = [(name, sighting(0.9 - 0.1 * n, box)) for n, (name, box) in enumerate(boxes.items())]
    texts = {}
    for name in boxes:
        drawn = rng.normal(size=encoder.dim).astype(np.float32)
        texts[name] = drawn / np.linalg.norm(drawn)
    groups = candidates(encoder, [image], near, texts, top=2, side=16)
    vectors = encoder.encode_images([crop(image, box, 16) for box in boxes.values()]).astype(np.float64)
    scores = {
        name: 0.5 * (0.9 - 0.1 * n + float(vectors[n] @ texts[name].astype(np.float64)))
        for n, name in enumerate(boxes)
    }
    for group in groups:
        for one in group:
            assert one.score == pytest.approx(scores[one.name], abs=1e-6)
            assert one.box == boxes[one.name]
    here = sorted(("Bo", "Mimi", "Ann"), key=lambda name: -scores[name])[:2]
    assert sorted([one.name for one in group] for group in groups) == sorted([here, ["Zed"]])
    assert candidates(encoder, [image], [], texts, top=2, side=16) == []


def test_a_text_of_attributes() -> None:
    assert (
        text_of(["red cat", "orange hat", "blue star"])
        == "a photo of a red cat with an orange hat and a blue star"
    )
    assert text_of(["red cat"]) == "a photo of a red cat"
    assert text_of([]) == text_of([" "]) == ""


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (("red cat", "blue hat", "green star"), 1.0),
        (("red cat", "blue hat"), 1.0),  # an emblem that is hidden
        (("red cat", "blue bow", "pink ring"), 1 / 3),
        (("grey dog", "blue bow"), 0.0),
        ((), 0.0),
    ],
)
def test_what_is_seen_is_shared_with_a_fingerprint(seen: tuple[str, ...], expected: float) -> None:
    assert shared(seen, ("red cat", "blue hat", "green star")) == pytest.approx(expected)


def test_a_region_is_described_without_knowing_anybody(models: Models) -> None:
    parts = [0, 0]
    for seed in range(4):
        rng = random.Random(seed)
        look = draw_look(rng, "heldout")
        image = draw_photo(rng, look).image
        phrases = described(models, image, Box(0, 0, image.width, image.height))
        assert len(phrases) in (2, 3)
        known = (look.body, look.worn, look.emblem)
        parts[0] += sum(part in known for part in phrases)
        parts[1] += len(phrases)
    assert parts[0] >= 0.6 * parts[1]


def test_the_threshold_decides_who_is_here(models: Models) -> None:
    rng = random.Random(5)
    look = draw_look(rng, "heldout")
    first, second = (draw_photo(rng, look).image for _ in range(2))
    told = [Introduction("Bo", "", "Bo naps.", (first,))]
    asked = "Is Bo in the picture?"
    query = Query("q", "recognition", "yes_no", asked, asked, images=(second,))
    for threshold, expected in (("0.5", "Yes"), ("0.9999", "No")):
        memory = make_method(f"pekit:threshold={threshold}", models).open(told)
        assert memory.answer(query).text == expected
        memory.close()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-10, 10), st.booleans()), min_size=2, max_size=30).filter(
        lambda rows: any(there for _, there in rows)
    )
)
def test_no_other_threshold_has_a_higher_f1(rows: Sequence[tuple[int, bool]]) -> None:
    cosines = np.array([0.1 * cosine for cosine, _ in rows])
    there = np.array([here for _, here in rows])
    threshold, f1 = best_threshold(cosines, there)

    def worth(least: float) -> float:
        called = cosines >= least
        return float(2 * (called & there).sum() / (called.sum() + there.sum()))

    assert worth(threshold) == pytest.approx(f1)
    assert f1 == pytest.approx(max(worth(float(one)) for one in cosines))
