"""Grounding DINO and SAM as a masker, on tiny models of both with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tokenizers import BertWordPieceTokenizer
from transformers import (
    BertConfig,
    BertTokenizerFast,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    GroundingDinoImageProcessor,
    GroundingDinoProcessor,
    SamConfig,
    SamImageProcessor,
    SamModel,
    SamProcessor,
    SwinConfig,
)

from jarvis_retrievers.boxes import Box
from jarvis_retrievers.detected import detected_regions
from jarvis_retrievers.errors import MaskWarning, SettingError
from jarvis_retrievers.grounded_masker import (
    Detection,
    GroundedMasker,
    _box,
    _labels,
    dino_detector,
    sam_segmenter,
)
from jarvis_retrievers.masker import Mask, SubjectMasker

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "a", "red", "cat", "dog", "collar")


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """A Grounding DINO of 16 queries, and its processor."""
    torch.manual_seed(0)
    words = tmp_path_factory.mktemp("words") / "vocab.txt"
    words.write_text("\n".join(WORDS), encoding="utf-8")
    tokenizer = BertTokenizerFast(tokenizer_object=BertWordPieceTokenizer(str(words))._tokenizer)
    config = GroundingDinoConfig(
        backbone_config=SwinConfig(
            image_size=64,
            embed_dim=8,
            depths=[1, 1, 1, 1],
            num_heads=[1, 1, 2, 2],
            window_size=2,
            out_features=["stage2", "stage3", "stage4"],
        ),
        text_config=BertConfig(
            vocab_size=len(WORDS),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
        ),
        d_model=32,
        num_queries=16,
        num_feature_levels=3,
        encoder_layers=1,
        decoder_layers=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        max_text_len=32,
        disable_custom_kernels=True,
    )
    images = GroundingDinoImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    return GroundingDinoForObjectDetection(config), GroundingDinoProcessor(images, tokenizer)


@pytest.fixture(scope="module")
def segmenter() -> tuple[Any, Any]:
    torch.manual_seed(0)
    config = SamConfig(
        vision_config={
            "hidden_size": 16,
            "output_channels": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 64,
            "patch_size": 8,
            "window_size": 2,
            "mlp_dim": 16,
            "global_attn_indexes": [0],
            "num_pos_feats": 8,
        },
        prompt_encoder_config={
            "hidden_size": 16,
            "image_size": 64,
            "patch_size": 8,
            "mask_input_channels": 4,
        },
        mask_decoder_config={
            "hidden_size": 16,
            "mlp_dim": 16,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
        },
    )
    images = SamImageProcessor(
        size={"longest_edge": 64}, pad_size={"height": 64, "width": 64}, mask_size={"longest_edge": 16}
    )
    return SamModel(config), SamProcessor(images)


@pytest.mark.parametrize("size", [(96, 64), (40, 70), (64, 64), (1, 50)])
def test_tiny_models_give_boxes_and_masks_of_the_photo(
    detector: tuple[Any, Any], segmenter: tuple[Any, Any], size: tuple[int, int]
) -> None:
    photo = Image.effect_noise(size, 60).convert("RGB")
    found = dino_detector(*detector, threshold=0.0)(photo, ["a photo of a cat", "red collar"])
    assert len(found) == 16
    for box, score in found:
        assert box.right <= size[0]
        assert box.bottom <= size[1]
        assert 0.0 <= score <= 1.0
    masker = GroundedMasker(dino_detector(*detector, threshold=0.0), sam_segmenter(*segmenter))
    assert isinstance(masker, SubjectMasker)
    (mask,) = masker.masks([photo], ["a cat"])
    assert mask.shape == (size[1], size[0])
    assert mask.dtype == np.bool_
    assert mask.any()


def test_the_box_decides_what_is_outlined(segmenter: tuple[Any, Any]) -> None:
    """Two boxes on one photo: the models own answer for each, scaled back to the photo."""
    model, processor = segmenter
    photo = Image.effect_noise((80, 40), 60).convert("RGB")
    for box in (Box(0, 0, 30, 30), Box(40, 5, 78, 39)):
        inputs = processor(photo, input_boxes=[[list(map(float, box.as_tuple()))]], return_tensors="pt")
        # 80 pixels become 64 columns, and so does the box.
        assert inputs["input_boxes"].tolist() == [[[0.8 * edge for edge in box.as_tuple()]]]
        told = model(
            inputs["pixel_values"], input_boxes=inputs["input_boxes"].float(), multimask_output=False
        )
        assert told.pred_masks.shape == (1, 1, 1, 32, 32)
        logits = torch.nn.functional.interpolate(told.pred_masks[0], (64, 64), mode="bilinear")[..., :32, :]
        wanted = torch.nn.functional.interpolate(logits, (40, 80), mode="bilinear")[0, 0] > 0
        np.testing.assert_array_equal(sam_segmenter(model, processor)(photo, box), wanted.numpy())


def test_detections_are_those_above_the_threshold(detector: tuple[Any, Any]) -> None:
    photo = Image.effect_noise((96, 64), 60).convert("RGB")
    every = dino_detector(*detector, threshold=0.0)(photo, ["a cat"])
    middle = sorted(one.score for one in every)[8]
    some = dino_detector(*detector, threshold=middle)(photo, ["a cat"])
    assert some == [one for one in every if one.score > middle]
    assert dino_detector(*detector, threshold=1.0)(photo, ["a cat"]) == []
    assert dino_detector(*detector, threshold=0.0)(photo, ["?!"]) == []


def test_a_long_note_and_control_tokens_are_data(detector: tuple[Any, Any]) -> None:
    seen: list[list[int]] = []
    model, processor = detector

    class Watched:
        post_process_grounded_object_detection = staticmethod(
            processor.post_process_grounded_object_detection
        )

        def __call__(self, **given: Any) -> Any:
            told = processor(**given)
            seen.append(told["input_ids"][0].tolist())
            return told

    detect = dino_detector(model, Watched(), threshold=0.0)
    detect(Image.new("RGB", (64, 64)), ["a [SEP] cat. [MASK]?"])
    cls, sep, dot = (WORDS.index(word) for word in ("[CLS]", "[SEP]", "."))
    assert [seen[0][0], *seen[0][-2:]] == [cls, dot, sep]
    assert not {cls, sep, dot, WORDS.index("[MASK]")} & set(seen[0][1:-2])
    detect(Image.new("RGB", (64, 64)), ["cat " * 500])
    assert len(seen[1]) == 32


def at(*found: tuple[tuple[int, int, int, int], float]) -> Any:
    """A detector that finds these boxes."""

    def detect(photo: Image.Image, prompts: Sequence[str]) -> list[Detection]:
        return [Detection(Box(*edges), score) for edges, score in found]

    return detect


def filled(photo: Image.Image, box: Box) -> Mask:
    mask = np.zeros((photo.height, photo.width), np.bool_)
    mask[box.top : box.bottom, box.left : box.right] = True
    return mask


def nothing(photo: Image.Image, box: Box) -> Mask:
    return np.zeros((photo.height, photo.width), np.bool_)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ([((2, 3, 8, 9), 0.4), ((10, 0, 20, 10), 0.6)], (10, 0, 20, 10)),  # the better one
        ([((2, 3, 8, 9), 0.8), ((0, 0, 12, 12), 0.5)], (0, 0, 12, 12)),  # of which it is a part
        ([((2, 3, 8, 9), 0.8), ((5, 3, 19, 12), 0.5)], (2, 3, 8, 9)),  # beside it
        ([((2, 3, 8, 9), 0.8), ((0, 0, 20, 12), 0.5), ((1, 1, 9, 10), 0.6)], (1, 1, 9, 10)),
    ],
)
@pytest.mark.parametrize("segment", [filled, nothing])
def test_which_box_counts(found: Any, wanted: tuple[int, int, int, int], segment: Any) -> None:
    photo = Image.new("RGB", (20, 12))
    (mask,) = GroundedMasker(at(*found), segment).masks([photo], ["a cat"])
    np.testing.assert_array_equal(mask, filled(photo, Box(*wanted)))


def test_where_nothing_is_found_all_of_the_photo_counts_and_it_says_so() -> None:
    with pytest.warns(MaskWarning, match=r"no subject was found on a photo of 20 x 12 .* 'a cat'"):
        (mask,) = GroundedMasker(at(), filled).masks([Image.new("RGB", (20, 12))], ["a cat"])
    assert mask.shape == (12, 20)
    assert mask.all()


def test_labels() -> None:
    prompts = ["a photo of a Shiba", "A picture of the dog's bowl.", "black-and-tan ear", "?", "a shiba"]
    assert _labels(prompts) == ["a shiba", "the dog's bowl", "black-and-tan ear"]


@given(st.lists(st.floats(-500, 500), min_size=4, max_size=4), st.integers(1, 60), st.integers(1, 60))
def test_any_edges_give_a_box_within_the_photo(edges: list[float], width: int, height: int) -> None:
    box = _box(edges, Image.new("RGB", (width, height)))
    assert box.right <= width
    assert box.bottom <= height


def test_models_that_are_not_there_are_refused(tmp_path: Path, detector: tuple[Any, Any]) -> None:
    with pytest.raises(SettingError, match="cannot be loaded"):
        GroundedMasker.load(str(tmp_path), str(tmp_path), device="cpu")
    with pytest.raises(SettingError, match=r"threshold must be in \[0, 1\], got 2"):
        dino_detector(*detector, threshold=2)


def test_saved_models_are_loaded(
    tmp_path: Path, detector: tuple[Any, Any], segmenter: tuple[Any, Any]
) -> None:
    for name, parts in (("dino", detector), ("sam", segmenter)):
        for part in parts:
            part.save_pretrained(tmp_path / name)
    loaded = GroundedMasker.load(str(tmp_path / "dino"), str(tmp_path / "sam"), device="cpu", threshold=0.0)
    photo = Image.effect_noise((50, 30), 60).convert("RGB")
    built = GroundedMasker(dino_detector(*detector, threshold=0.0), sam_segmenter(*segmenter))
    np.testing.assert_array_equal(loaded.masks([photo], ["a cat"]), built.masks([photo], ["a cat"]))


def test_a_detector_gives_regions_for_questions(detector: tuple[Any, Any]) -> None:
    photo = Image.effect_noise((96, 64), 60).convert("RGB")
    boxes = detected_regions(dino_detector(*detector, threshold=0.0), ("a cat", "a dog"), most=5)(photo)
    assert 0 < len(boxes) <= 5
    assert all(box.width == box.height for box in boxes)
    assert detected_regions(dino_detector(*detector, threshold=1.0))(photo) == []
