"""Aspects: a patch for each kind of detail, set against the subject and the other kinds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from jarvis_retrievers.boxes import Box, propose_boxes
from jarvis_retrievers.patches import MinerConfig, PatchMiner, PromptScorer, crop
from jarvis_retrievers.reference import ColourEncoder

CONFIG = MinerConfig(background_prompts=("green", "gray"), logit_scale=20.0, side=32, min_side=4)
Mark = tuple[str, tuple[int, int, int, int]]
BODY: Mark = ("#dc1e1e", (8, 8, 56, 56))
BADGE: Mark = ("#f0dc28", (34, 34, 50, 50))


def photo(side: int, *marks: Mark) -> Image.Image:
    image = Image.new("RGB", (side, side), (30, 160, 50))
    for colour, box in marks:
        ImageDraw.Draw(image).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=colour)
    return image


def test_contrast_counts_as_background() -> None:
    encoder = ColourEncoder()
    vectors = encoder.encode_images([photo(16, ("red", (0, 0, 16, 16))), photo(16)])
    plain, wide = (PromptScorer(encoder, texts, 20.0) for texts in (("gray",), ("gray", "yellow")))
    got = plain.relevance([], [], vectors, ["red"], ["yellow"])
    np.testing.assert_allclose(got, wide.relevance([], [], vectors, ["red"]), rtol=1e-12)
    assert not np.allclose(got, plain.relevance([], [], vectors, ["red"], ["red"]))


def test_each_aspect_has_the_window_that_shows_it_best() -> None:
    """Two marks of different colours on a body: an aspect for each finds it, in the order of the aspects."""
    encoder = ColourEncoder()
    blue = ("#2828dc", (12, 12, 28, 28))
    pictures = [photo(64, BODY, BADGE, blue)]
    for aspects in ((("yellow",), ("blue",)), (("blue",), ("yellow",))):
        config = replace(CONFIG, k=3, aspects=aspects, scales=(1.0, 0.25))
        whole, *details = PatchMiner(encoder, config).mine(pictures, ["red"])
        assert whole.box.width == 64
        for aspect, detail in zip(aspects, details, strict=True):
            mark = Box(*(BADGE if aspect == ("yellow",) else blue)[1])
            assert detail.box.iou(mark) > 0.3, (aspect, detail.box)
            windows = propose_boxes(64, 64, (0.25,), config.overlap)
            vectors = encoder.encode_images([crop(pictures[0], box, config.side) for box in windows])
            others = [text for one in aspects if one != aspect for text in one]
            scorer = PromptScorer(encoder, config.background_prompts, config.logit_scale)
            best = scorer.relevance(pictures, [], vectors, aspect, ["red", *others]).max()
            at = windows.index(detail.box)
            here = scorer.relevance(pictures, [], vectors[at : at + 1], aspect, ["red", *others])[0]
            assert here == pytest.approx(best, abs=1e-6)


def test_aspects_leave_room_within_k() -> None:
    config = replace(CONFIG, k=2, aspects=(("yellow",), ("blue",), ("black",)))
    patches = PatchMiner(ColourEncoder(), config).mine([photo(64, BODY, BADGE)], ["red"])
    assert len(patches) == 2
