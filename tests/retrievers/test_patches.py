from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from jarvis_retrievers.boxes import Box, propose_boxes
from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.patches import (
    Candidate,
    MinerConfig,
    Patch,
    PatchMiner,
    PatchScorer,
    PromptScorer,
    crop,
)
from jarvis_retrievers.reference import ColourEncoder

CONFIG = MinerConfig(background_prompts=("green", "gray"), logit_scale=20.0, side=32, min_side=4)


def photo(width: int = 64, height: int = 64, *marks: tuple[str, tuple[int, int, int, int]]) -> Image.Image:
    image = Image.new("RGB", (width, height), (30, 160, 50))
    for colour, box in marks:
        ImageDraw.Draw(image).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=colour)
    return image


# A red body on grass with a yellow badge: the badge is the detail.
BODY = ("#dc1e1e", (8, 8, 56, 56))
BADGE = ("#f0dc28", (34, 34, 50, 50))


class Counting(ColourEncoder):
    """The real encoder, which also remembers how many images each forward held."""

    def __init__(self) -> None:
        super().__init__()
        self.forwards: list[int] = []

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        self.forwards.append(len(images))
        return super().encode_images(images)


def softmax_first(first: float, second: float) -> float:
    top = max(first, second)
    return math.exp(first - top) / (math.exp(first - top) + math.exp(second - top))


def slow_relevance(
    vector: NDArray[np.float32], prompts: NDArray[np.float32], background: NDArray[np.float32], scale: float
) -> float:
    """The formula as it is written: max over prompts of min over background of a softmax of two."""
    e = vector.astype(np.float64)
    return max(
        min(softmax_first(scale * float(e @ p), scale * float(e @ b)) for b in background) for p in prompts
    )


@pytest.mark.parametrize("scale", [1.0, 20.0, 100.0, 5000.0])
def test_relevance_equals_the_formula(scale: float) -> None:
    encoder, texts, background = (
        ColourEncoder(),
        ["red", "a yellow badge", "blue"],
        ["green", "gray wall", "sky"],
    )
    chance = np.random.default_rng(2)
    vectors = chance.standard_normal((40, encoder.dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scorer = PromptScorer(encoder, background, scale)
    assert isinstance(scorer, PatchScorer)
    got = scorer.relevance([], [], vectors, texts)
    rows = encoder.encode_texts(texts), encoder.encode_texts(background)
    np.testing.assert_allclose(got, [slow_relevance(v, *rows, scale) for v in vectors], rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(
        PromptScorer(encoder, (), scale).relevance([], [], vectors, texts), np.ones(40)
    )


def test_every_patch_has_the_scores_of_its_own_window() -> None:
    encoder = ColourEncoder()
    photos = [photo(64, 64, BODY, BADGE), photo(80, 48, BODY)]
    others = encoder.encode_images([photo(16, 16), Image.new("RGB", (8, 8), "blue")]) * 3  # need not be unit
    patches = PatchMiner(encoder, CONFIG).mine(photos, ["a red body", "yellow"], others)
    prompts, background = (
        encoder.encode_texts(["a red body", "yellow"]),
        encoder.encode_texts(["green", "gray"]),
    )
    assert len(patches) == 5
    for patch in patches:
        vector = encoder.encode_images([crop(photos[patch.photo], patch.box, 32)])[0]
        nearest = max(float(vector @ other) / float(np.linalg.norm(other)) for other in others)
        np.testing.assert_allclose(patch.vector, vector, atol=1e-6)
        assert patch.relevance == pytest.approx(slow_relevance(vector, prompts, background, 20.0), abs=1e-5)
        assert patch.distinctiveness == pytest.approx(1 - max(0.0, nearest), abs=1e-5)
        assert patch.score == patch.relevance * patch.distinctiveness


def test_the_first_patch_is_the_best_whole_subject() -> None:
    encoder, image = (
        ColourEncoder(),
        photo(96, 48, ("#dc1e1e", (40, 0, 96, 48)), ("#f0dc28", (60, 20, 70, 30))),
    )
    patches = PatchMiner(encoder, CONFIG).mine([image], ["red"])
    large = propose_boxes(96, 48, (1.0, 0.75))
    vectors = encoder.encode_images([crop(image, box, 32) for box in large])
    prompts, background = encoder.encode_texts(["red"]), encoder.encode_texts(["green", "gray"])
    scores = [slow_relevance(vector, prompts, background, 20.0) for vector in vectors]
    assert patches[0].score == pytest.approx(max(scores), abs=1e-6)
    assert patches[0].box in large
    assert min(patches[0].box.width, patches[0].box.height) >= 36
    assert any(min(patch.box.width, patch.box.height) < 36 for patch in patches[1:])


def test_a_detail_that_only_this_concept_has_is_found() -> None:
    encoder = ColourEncoder()
    config = MinerConfig(background_prompts=("green",), logit_scale=20.0, side=32, min_side=4, diversity=0.2)
    # Another concept has the same red body, without the badge: its vectors make plain red windows
    # undistinctive.
    twin = photo(64, 64, BODY)
    others = encoder.encode_images([crop(twin, box, 32) for box in propose_boxes(64, 64)])
    patches = PatchMiner(encoder, config).mine([photo(64, 64, BODY, BADGE)], ["red and yellow"], others)
    best = max(patches[1:], key=lambda patch: patch.score)
    assert Box(34, 34, 50, 50).contained_in(best.box) >= 0.7
    assert best.box.area <= 32 * 32
    plain = PatchMiner(encoder, config).mine([twin], ["red and yellow"], others)
    assert max(patch.score for patch in plain[1:]) < 0.2 * best.score


def test_background_windows_are_no_patches_while_better_ones_are_left() -> None:
    image = photo(128, 64, ("#dc1e1e", (64, 0, 128, 64)))
    config = MinerConfig(background_prompts=("green",), logit_scale=50.0, side=32, diversity=0.1, k=4)
    for patch in PatchMiner(ColourEncoder(), config).mine([image], ["red"]):
        assert patch.box.contained_in(Box(64, 0, 128, 64)) > 0.5


def test_patches_of_one_photo_do_not_crowd() -> None:
    patches = PatchMiner(ColourEncoder(), CONFIG).mine([photo(64, 64, BODY, BADGE)], ["red"])
    for i, one in enumerate(patches):
        for other in patches[i + 1 :]:
            assert one.box.iou(other.box) <= CONFIG.nms_iou


@pytest.mark.parametrize("weight", [0.0, 0.25, 0.9])
def test_details_are_chosen_by_marginal_relevance(weight: float) -> None:
    """Choose again, slowly, from the windows that survive suppression."""
    # Nothing symmetric, so that no two windows are alike.
    encoder = ColourEncoder()
    image = photo(
        64, 64, ("#dc1e1e", (3, 11, 50, 47)), ("#f0dc28", (29, 22, 42, 61)), ("#2846dc", (0, 40, 19, 58))
    )
    config = MinerConfig(
        k=6,
        scales=(1.0, 0.5, 0.25),
        scale_weight=weight,
        background_prompts=("green",),
        logit_scale=10.0,
        side=32,
        nms_iou=1.0,
    )
    patches = PatchMiner(encoder, config).mine([image], ["red"])
    windows = propose_boxes(64, 64, (1.0, 0.5, 0.25))
    vectors = encoder.encode_images([crop(image, box, 32) for box in windows]).astype(np.float64)
    prompts, background = encoder.encode_texts(["red"]), encoder.encode_texts(["green"])
    scores = [slow_relevance(v.astype(np.float32), prompts, background, 10.0) for v in vectors]
    sides = [box.width / 64 for box in windows]
    chosen = [0]
    while len(chosen) < 6:
        gains = {}
        for i in set(range(len(windows))) - set(chosen):
            alike = max(
                (1 - weight) * max(0.0, float(vectors[i] @ vectors[c]))
                + weight * min(sides[i], sides[c]) / max(sides[i], sides[c])
                for c in chosen
            )
            gains[i] = 0.6 * scores[i] - 0.4 * alike
        chosen.append(max(gains, key=lambda i: (round(gains[i], 6), -i)))
    assert [patch.box for patch in patches] == [windows[i] for i in chosen]


def test_several_photos_each_give_a_subject_up_to_half() -> None:
    photos = [photo(64, 64, BODY), photo(64, 64, BODY, BADGE), photo(48, 48, BADGE), photo(32, 32, BODY)]
    patches = PatchMiner(ColourEncoder(), CONFIG).mine(photos, ["red"])
    subjects = patches[:3]
    assert len({patch.photo for patch in subjects}) == 3
    for patch in subjects:
        assert patch.box.width >= 0.75 * photos[patch.photo].width
    fits = [patch.relevance for patch in subjects]
    assert fits == sorted(fits, reverse=True)


def test_a_look_alike_does_not_push_the_window_off_its_subject() -> None:
    """A shifted window is more distinct from a look-alike, but it shows the subject worse."""
    encoder, mine = ColourEncoder(), photo(64, 64, BODY, BADGE)
    alone = PatchMiner(encoder, CONFIG).mine([mine], ["red"])
    twin = encoder.encode_images([crop(mine, alone[0].box, 32)])
    beside = PatchMiner(encoder, CONFIG).mine([mine], ["red"], twin)
    assert beside[0].box == alone[0].box
    assert beside[0].distinctiveness < 0.01 < alone[0].distinctiveness


def test_details_have_a_place_beside_many_photos() -> None:
    photos = [photo(64, 64, BODY, BADGE), photo(64, 64, BODY), photo(60, 60, BODY), photo(56, 56, BODY)]
    config = MinerConfig(k=4, background_prompts=("green",), logit_scale=20.0, side=32, diversity=0.9)
    sides = [
        patch.box.width / photos[patch.photo].width
        for patch in PatchMiner(ColourEncoder(), config).mine(photos, ["red"])
    ]
    assert [side >= 0.7 for side in sides] == [True, True, False, False]


def test_all_windows_share_a_few_forwards() -> None:
    encoder = Counting()
    PatchMiner(encoder, CONFIG).mine([photo(64, 64, BODY)] * 4, ["red"])
    assert sum(encoder.forwards) == 4 * len(propose_boxes(64, 64))
    assert len(encoder.forwards) <= 1 + sum(encoder.forwards) // 256


def test_mining_is_deterministic() -> None:
    def mine() -> list[Patch]:
        return PatchMiner(ColourEncoder(), CONFIG).mine(
            [photo(64, 64, BODY, BADGE), photo(50, 70, BODY)], ["red"]
        )

    first, second = mine(), mine()
    assert first == second
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.vector, other.vector)
        assert not one.vector.flags.writeable


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 7))
def test_any_size_gives_valid_patches(width: int, height: int, k: int) -> None:
    config = MinerConfig(k=k, side=16, background_prompts=("green",))
    patches = PatchMiner(ColourEncoder(), config).mine([Image.new("RGB", (width, height), "red")], ["red"])
    assert 1 <= len(patches) <= k
    for patch in patches:
        assert patch.box.right <= width
        assert patch.box.bottom <= height
        assert 0.0 <= patch.score <= 1.0
    assert len({patch.box for patch in patches}) == len(patches)


def test_a_scorer_may_replace_the_prompts() -> None:
    class LeftOnly:
        def relevance(
            self,
            photos: Sequence[Image.Image],
            candidates: Sequence[Candidate],
            vectors: NDArray[np.float32],
            prompts: Sequence[str],
            contrast: Sequence[str] = (),
        ) -> NDArray[np.float64]:
            return np.array([float(candidate.box.left == 0) for candidate in candidates])

    patches = PatchMiner(ColourEncoder(), CONFIG, LeftOnly()).mine([photo(90, 60, BODY)], ["red"])
    assert patches[0].box.left == 0
    assert patches[0].relevance == 1.0

    class Wrong(LeftOnly):
        def relevance(self, *args: object, **kwargs: object) -> NDArray[np.float64]:
            return np.array([2.0])

    with pytest.raises(InputError, match="a scorer must give"):
        PatchMiner(ColourEncoder(), CONFIG, Wrong()).mine([photo()], ["red"])


def test_bad_input_is_refused() -> None:
    miner, encoder = PatchMiner(ColourEncoder(), CONFIG), ColourEncoder()
    wrong: list[Sequence[str]] = [[], "red"]
    for prompts in wrong:
        with pytest.raises(InputError, match="prompts"):
            miner.mine([photo()], prompts)
    with pytest.raises(InputError, match="shape"):
        miner.mine([photo()], ["red"], np.ones((2, 3), np.float32))
    for value in (np.nan, 0.0):
        with pytest.raises(InputError, match="finite and hold no zero row"):
            miner.mine([photo()], ["red"], np.full((1, encoder.dim), value, np.float32))
    assert miner.mine([], ["red"]) == []
    empty = miner.mine([photo()], ["red"], np.zeros((0, encoder.dim), np.float32))
    assert all(patch.distinctiveness == 1.0 for patch in empty)


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 0},
        {"scales": ()},
        {"scales": (0.5,)},
        {"scales": (1.0, 0.0)},
        {"overlap": 0.95},
        {"diversity": 1.5},
        {"nms_iou": float("nan")},
        {"logit_scale": 0.0},
        {"logit_scale": float("inf")},
        {"side": 0},
    ],
)
def test_bad_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingError):
        MinerConfig(**wrong)  # type: ignore[arg-type]
