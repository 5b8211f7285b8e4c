"""What a mask does to the miner's score, by hand; and on drawn photos with clutter around the subject."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from jarvis_memory.tuning import tuned
from jarvis_pocket import scene, world
from jarvis_pocket.draw import BODY_RGB
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.errors import InputError
from jarvis_retrievers.masker import Mask, SubjectMasker, WholePhoto, checked_masks, inside
from jarvis_retrievers.openclip import OpenCLIPEncoder
from jarvis_retrievers.patches import MinerConfig, PatchMiner
from jarvis_retrievers.reference import ColourEncoder
from jarvis_retrievers.scorer import Candidate

CONFIG = MinerConfig(background_prompts=("green", "gray"), logit_scale=20.0, side=32, min_side=4)


class Fixed:
    """Gives these masks, whatever it is shown."""

    def __init__(self, *masks: Any) -> None:
        self.given = masks

    def masks(self, photos: Sequence[Image.Image], prompts: Sequence[str]) -> Sequence[Mask]:
        return self.given


def mask_of(width: int, height: int, *boxes: tuple[int, int, int, int]) -> Mask:
    mask = np.zeros((height, width), np.bool_)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = True
    return mask


def test_inside_by_hand() -> None:
    """A mask of 4 x 2 = 8 pixels on a photo of 10 x 6."""
    mask = mask_of(10, 6, (2, 1, 6, 3))
    details = {(2, 1, 6, 3): 1.0, (0, 0, 4, 4): 4 / 16, (5, 2, 8, 5): 1 / 9, (6, 3, 9, 6): 0.0}
    wholes = {(2, 1, 6, 3): 1.0, (0, 0, 6, 6): 8 / 36, (0, 0, 10, 6): 8 / 60, (4, 0, 9, 5): 4 / 29}
    for boxes, scale in ((details, 0.5), (wholes, 0.75)):
        candidates = [Candidate(0, Box(*box), scale) for box in boxes]
        np.testing.assert_allclose(inside([mask], candidates, 0.75), list(boxes.values()))
    # The other photo has a mask of its own, and one without a mask counts in full.
    of = [Candidate(photo, Box(0, 0, 2, 2), 0.5) for photo in (0, 1, 2)]
    masks = [mask_of(4, 4, (0, 0, 1, 2)), None, mask_of(3, 3, (2, 2, 3, 3))]
    np.testing.assert_allclose(inside(masks, of, 0.75), [0.5, 1.0, 0.0])


@given(st.data(), st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_inside_is_what_counting_gives(data: st.DataObject, width: int, height: int, seed: int) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < 0.4
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    box = Box(left, top, data.draw(st.integers(left + 1, width)), data.draw(st.integers(top + 1, height)))
    window = mask_of(width, height, box.as_tuple())
    detail, whole = inside([mask], [Candidate(0, box, 0.5), Candidate(0, box, 1.0)], 0.75)
    assert detail == (window & mask).sum() / window.sum()
    assert whole == (window & mask).sum() / (window | mask).sum()
    assert 0.0 <= whole <= detail <= 1.0


def body(width: int = 64, height: int = 64) -> Image.Image:
    image = Image.new("RGB", (width, height), (30, 160, 50))
    pen = ImageDraw.Draw(image)
    pen.rectangle((6, 6, 30, 30), fill="#dc1e1e")
    pen.rectangle((36, 34, 60, 58), fill="#dc1e1e")
    return image


def test_the_score_is_the_product() -> None:
    photo, mask = body(), mask_of(64, 64, (36, 34, 61, 59))
    plain = PatchMiner(ColourEncoder(), CONFIG).mine([photo], ["red"])
    masked = PatchMiner(ColourEncoder(), CONFIG, masker=Fixed(mask)).mine([photo], ["red"])
    for patch in masked:
        window = mask_of(64, 64, patch.box.as_tuple())
        over = window | mask if patch.box.width >= 48 else window
        assert patch.inside == pytest.approx((window & mask).sum() / over.sum())
        assert patch.score == pytest.approx(patch.relevance * patch.distinctiveness * patch.inside)
    # Two red squares are as good without a mask; with one the subject and the details are at its own.
    assert all(patch.inside == 1.0 for patch in plain)
    assert masked[0].box == Box(16, 16, 64, 64)
    assert masked[1].box.contained_in(Box(36, 34, 61, 59)) > 0.6


@pytest.mark.parametrize("mask", [np.ones((64, 64), np.bool_), np.zeros((64, 64), np.bool_)])
def test_a_mask_of_all_or_nothing_changes_nothing(mask: Mask) -> None:
    photo = body()
    plain = PatchMiner(ColourEncoder(), CONFIG).survey([photo], ["red"])
    for masker in (Fixed(mask), WholePhoto()):
        assert isinstance(masker, SubjectMasker)
        assert PatchMiner(ColourEncoder(), CONFIG, masker=masker).survey([photo], ["red"]) == plain
    assert [one.shape for one in WholePhoto().masks([photo, body(20, 10)], ["red"])] == [(64, 64), (10, 20)]


def test_one_empty_mask_leaves_the_others() -> None:
    masks = [mask_of(8, 8), mask_of(8, 8, (0, 0, 2, 2))]
    checked = checked_masks(Fixed(*masks), [Image.new("RGB", (8, 8))] * 2, ["red"])
    assert checked[0] is None
    assert checked[1] is not None
    assert checked[1].sum() == 4


def test_a_masker_that_breaks_its_contract_is_named() -> None:
    photo = Image.new("RGB", (6, 4))
    for wrong, words in (
        ((), "one mask for each of 1 photos, got 0"),
        ((np.ones((6, 4), np.bool_),), r"shape \(4, 6\), got bool of shape \(6, 4\)"),
        ((np.ones((4, 6)),), "got float64"),
    ):
        with pytest.raises(InputError, match=words):
            checked_masks(Fixed(*wrong), [photo], ["red"])


def test_the_survey_has_a_subject_of_every_photo() -> None:
    photos = [body(), body(50, 90), body(90, 50), body(33, 33)]
    config = MinerConfig(k=2, background_prompts=("green",), logit_scale=20.0, side=32)
    found = PatchMiner(ColourEncoder(), config).survey(photos, ["red"])
    assert [one.photo for one in found.subjects] == [0, 1, 2, 3]
    assert found.patches[0] in found.subjects
    assert PatchMiner(ColourEncoder(), config).survey([], ["red"]).subjects == []


def cluttered(rng: random.Random) -> tuple[Image.Image, Box, str]:
    """A figure among bright things of many colours, where it is, and what it is."""
    look = world.draw_look(rng, "heldout")
    photo = scene.draw_photo(rng, look)
    left, top, right, bottom = photo.figures[0].subject
    side = 128
    small = photo.image.crop((round(left), round(top), round(right), round(bottom))).resize((side, side))
    image = scene.background(rng, 256, 256)
    pen = ImageDraw.Draw(image)
    for _ in range(24):
        x, y = rng.randint(-20, 236), rng.randint(-20, 236)
        pen.ellipse((x, y, x + 44, y + 44), fill=rng.choice(list(BODY_RGB.values())))
    x, y = rng.randint(0, 128), rng.randint(0, 128)
    image.paste(small, (x, y))
    return image, Box(x, y, x + side, y + side), look.category


def test_with_clutter_details_lie_on_the_subject_more_often() -> None:
    """The drawn figure's own box as an oracle mask, Pocket's encoder and settings."""
    rng, on = random.Random("clutter"), {"plain": [0, 0], "masked": [0, 0]}
    encoder, config = OpenCLIPEncoder.load("pocket", device="cpu"), tuned("pocket").miner
    for _ in range(8):
        photo, where, category = cluttered(rng)
        oracle = Fixed(mask_of(256, 256, where.as_tuple()))
        for kind, masker in (("plain", None), ("masked", oracle)):
            miner = PatchMiner(encoder, config, masker=masker)
            details = [
                p
                for p in miner.mine([photo], [f"a photo of a {category}"], tuned("pocket").bank)
                if p.box.width < 192
            ]
            on[kind][0] += sum(patch.box.contained_in(where) >= 0.5 for patch in details)
            on[kind][1] += len(details)
    plain, masked = (on[kind][0] / on[kind][1] for kind in ("plain", "masked"))
    assert masked > 0.7
    assert masked > plain + 0.3
