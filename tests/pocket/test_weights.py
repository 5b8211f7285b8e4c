"""What ships: small enough, loaded by the stock classes, and with a model card that is filled in."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import open_clip
import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor, Qwen2_5_VLForConditionalGeneration

WEIGHTS = Path(str(files("jarvis_pocket") / "weights"))
TEXTS = ("What does Liki like?", "Łódź 東京 🐈", "<|im_start|>", "\ttabs\r\nand\0nothing")


def test_both_models_are_small() -> None:
    sizes = [path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()]
    assert 5e6 < sum(sizes) <= 30e6


def test_the_vlm_is_a_stock_model() -> None:
    model = AutoModelForImageTextToText.from_pretrained(WEIGHTS / "vlm")
    assert type(model) is Qwen2_5_VLForConditionalGeneration
    assert model.dtype == torch.bfloat16
    assert all(torch.isfinite(p).all() for p in model.parameters())


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_can_be_written(text: str) -> None:
    tokenizer = AutoProcessor.from_pretrained(WEIGHTS / "vlm").tokenizer
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_the_encoder_comes_from_open_clips_factory() -> None:
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{WEIGHTS / 'clip'}")
    assert callable(preprocess)
    assert all(torch.isfinite(p).all() for p in model.parameters())


def test_the_model_card_is_filled_in() -> None:
    card = (WEIGHTS / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "@@" not in card
    for heading in ("## Data", "## Training", "## Scores", "## Limits"):
        assert heading in card
