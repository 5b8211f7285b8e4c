"""Windows of several concepts that go through the encoder together are mined as if each went alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from jarvis_retrievers.errors import InputError
from jarvis_retrievers.patches import MinerConfig, PatchMiner
from jarvis_retrievers.reference import ColourEncoder

CONFIG = MinerConfig(background_prompts=("green", "gray"), logit_scale=20.0, side=32, min_side=4)


class Counting(ColourEncoder):
    """The real encoder, which also remembers how many images each forward held."""

    def __init__(self) -> None:
        super().__init__()
        self.forwards: list[int] = []

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        self.forwards.append(len(images))
        return super().encode_images(images)


def photo(seed: int) -> Image.Image:
    chance = np.random.default_rng(seed)
    image = Image.new("RGB", (int(chance.integers(20, 90)), int(chance.integers(20, 90))), (30, 160, 50))
    ImageDraw.Draw(image).rectangle((4, 4, 16, 16), fill=tuple(chance.integers(0, 255, 3).tolist()))
    return image


@given(st.lists(st.lists(st.integers(0, 99), max_size=3), max_size=5))
@settings(max_examples=20, deadline=None)
def test_together_as_alone(seeds: list[list[int]]) -> None:
    encoder = Counting()
    miner = PatchMiner(encoder, CONFIG)
    concepts = [[photo(seed) for seed in some] for some in seeds]
    found = miner.embed(concepts)
    together = sum(encoder.forwards)
    assert len(found) == len(concepts)
    assert encoder.forwards == [256] * (together // 256) + [together % 256] * (together % 256 > 0)
    for photos, seen in zip(concepts, found, strict=True):
        alone = miner.embed([photos])[0]
        np.testing.assert_allclose(seen, alone, atol=1e-6)
        before = len(encoder.forwards)
        survey = miner.survey(photos, ["red"], seen=seen)
        assert len(encoder.forwards) == before
        assert survey == miner.survey(photos, ["red"])


def test_vectors_of_other_photos() -> None:
    miner = PatchMiner(ColourEncoder(), CONFIG)
    (seen,) = miner.embed([[photo(1)]])
    for wrong in (seen[1:], seen[:, 1:], np.zeros((0, 0), np.float32)):
        with pytest.raises(InputError, match="windows"):
            miner.survey([photo(1)], ["red"], seen=wrong)
