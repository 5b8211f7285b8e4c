"""Regions of a question's pictures: windows that climb to where they fit, averaged with their neighbours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from jarvis_retrievers.boxes import Box, propose_boxes
from jarvis_retrievers.crops import crop
from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.reference import ColourEncoder
from jarvis_retrievers.regions import _moved, look
from jarvis_retrievers.retrieval import Entry, RetrieverConfig

ENCODER = ColourEncoder()
CONFIG = RetrieverConfig(
    side=16, image_scales=(1.0, 0.5), image_overlap=0.3, refine=(0.2, 0.1), refine_windows=2
)
SUBJECT = Box(37, 21, 78, 62)


def picture() -> Image.Image:
    image = Image.new("RGB", (120, 90), (30, 120, 60))
    image.paste((220, 30, 30), SUBJECT.as_tuple())
    image.paste((250, 220, 40), (50, 35, 65, 50))
    return image


def index() -> tuple[FaissIndex, list[Entry]]:
    made = FaissIndex(ENCODER.dim)
    other = Image.new("RGB", (32, 32), (40, 70, 220))
    made.add("ana", [0, 1], ENCODER.encode_images([crop(picture(), SUBJECT, 16), other]))
    return made, [Entry("red", ("Red",), (0,)), Entry("blue", ("Blue",), (1,))]


def test_without_steps_the_windows_are_all() -> None:
    store, entries = index()
    found = look(ENCODER, store, "ana", [picture()], entries, replace(CONFIG, refine=()))
    boxes = propose_boxes(120, 90, CONFIG.image_scales, CONFIG.image_overlap)
    assert found.regions == [(0, box) for box in boxes]
    vectors = ENCODER.encode_images([crop(picture(), box, 16) for box in boxes])
    stored = ENCODER.encode_images([crop(picture(), SUBJECT, 16)])
    np.testing.assert_allclose(found.best[:, 0], vectors @ stored[0], atol=1e-5)
    assert (found.which == [0, 1]).all()


def test_windows_climb_to_what_they_show() -> None:
    store, entries = index()
    plain = look(ENCODER, store, "ana", [picture()], entries, replace(CONFIG, refine=()))
    moved = look(ENCODER, store, "ana", [picture()], entries, CONFIG)
    fits = [found.regions[int(found.best[:, 0].argmax())][1].iou(SUBJECT) for found in (plain, moved)]
    assert fits[1] > fits[0] + 0.05
    assert fits[1] > 0.7


@pytest.mark.parametrize("mirror", [False, True])
def test_the_end_of_a_climb_counts_with_the_mean_of_its_neighbours(mirror: bool) -> None:
    """Against a climb done slowly, from the definition."""
    store, entries = index()
    config = replace(CONFIG, mirror=mirror, refine_windows=1)
    found = look(ENCODER, store, "ana", [picture()], entries, config)
    stored = ENCODER.encode_images([crop(picture(), SUBJECT, 16), Image.new("RGB", (32, 32), (40, 70, 220))])

    def vector(box: Box, flip: bool = False) -> np.ndarray:
        one = crop(picture(), box, 16)
        made: np.ndarray = ENCODER.encode_images([ImageOps.mirror(one) if flip else one])[0].astype(
            np.float64
        )
        return made

    def score(box: Box) -> float:
        return float((stored @ vector(box).astype(np.float32)).max())

    boxes = propose_boxes(120, 90, CONFIG.image_scales, CONFIG.image_overlap)
    here = start = max(boxes, key=score)
    seen = list(boxes)
    for step in CONFIG.refine:
        moves = [box for _, box in _moved((0, here), step, (120, 90))]
        seen += moves
        here = max([here, *moves], key=score)
    assert here != start
    near = [vector(box) + (vector(box, flip=True) if mirror else 0) for box in seen if box.iou(here) >= 0.7]
    assert len(near) > 3
    mean = np.mean([one / np.linalg.norm(one) for one in near], axis=0)
    row = found.regions.index((0, here))
    assert found.best[row] == pytest.approx(stored @ mean / np.linalg.norm(mean), abs=1e-5)
    assert set(found.regions) == {(0, box) for box in boxes if box != start} | {(0, here)}


def test_each_picture_has_windows_of_its_own_to_move() -> None:
    store, entries = index()
    empty = Image.new("RGB", (120, 90), (30, 120, 60))
    found = look(ENCODER, store, "ana", [empty, picture()], entries, CONFIG)
    alone = look(ENCODER, store, "ana", [picture()], entries, CONFIG)
    second = [row for row, (image, _) in enumerate(found.regions) if image == 1]
    assert {found.regions[row][1] for row in second} == {box for _, box in alone.regions}
    assert found.best[second, 0].max() == pytest.approx(alone.best[:, 0].max(), abs=1e-6)


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.01, 0.9), st.integers(0, 59), st.integers(0, 59))
@settings(max_examples=80, deadline=None)
def test_moves_stay_within_the_picture(width: int, height: int, step: float, x: int, y: int) -> None:
    left, top = min(x, width - 1), min(y, height - 1)
    box = Box(left, top, width, height)
    moves = _moved((2, box), step, (width, height))
    assert len(moves) <= 6
    for image, one in moves:
        assert image == 2
        assert one.width == one.height
        assert one.right <= width
        assert one.bottom <= height
        assert one != box


def test_nobody_and_nothing() -> None:
    store, entries = index()
    assert look(ENCODER, store, "ana", [], entries, CONFIG).regions == []
    bare = look(ENCODER, FaissIndex(ENCODER.dim), "ana", [picture()], entries, CONFIG)
    assert (bare.which == -1).all()
    assert not np.isfinite(bare.best).any()
