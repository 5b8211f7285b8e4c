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


def test_a_window_that_was_tried_counts_with_the_mean_of_its_neighbours() -> None:
    """Against the definition, from all windows that were looked at."""
    store, entries = index()
    found = look(ENCODER, store, "ana", [picture()], entries, CONFIG)
    base = {(0, box) for box in propose_boxes(120, 90, CONFIG.image_scales, CONFIG.image_overlap)}
    seen = sorted(base.union(found.regions))
    vectors = {r: ENCODER.encode_images([crop(picture(), r[1], 16)])[0].astype(np.float64) for r in seen}
    stored = store.search("ana", np.eye(ENCODER.dim, dtype=np.float32)[:1], 2)  # both ids are there
    assert set(stored[1][0].tolist()) == {0, 1}
    target = ENCODER.encode_images([crop(picture(), SUBJECT, 16)])[0].astype(np.float64)
    tried = [row for row, region in enumerate(found.regions) if region not in base]
    assert len(tried) > 10
    for row in tried:
        region = found.regions[row]
        near = [vectors[other] for other in seen if other[1].iou(region[1]) >= 0.7]
        mean = np.mean(near, axis=0)
        assert found.best[row, 0] == pytest.approx(float(mean @ target / np.linalg.norm(mean)), abs=1e-5)


def test_a_picture_and_its_mirror_image_are_alike() -> None:
    store, entries = index()
    config = replace(CONFIG, mirror=True)
    found = look(ENCODER, store, "ana", [picture()], entries, replace(config, refine=()))
    target = ENCODER.encode_images([crop(picture(), SUBJECT, 16)])[0]
    for row, (_, box) in enumerate(found.regions):
        one = crop(picture(), box, 16)
        pair = ENCODER.encode_images([one, ImageOps.mirror(one)]).sum(axis=0)
        assert found.best[row, 0] == pytest.approx(float(pair @ target / np.linalg.norm(pair)), abs=1e-5)


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
