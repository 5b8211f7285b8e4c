"""Whole photos in a segment, all tokens or some of them, against what stock transformers computes."""

from __future__ import annotations

import torch

from jarvis_memory.vlm import Excerpt, SegmentSource
from tests.kv.tiny import Tiny, picture

SIZES = ((48, 32), (32, 48))
PHOTOS = tuple(picture(30 + i, size) for i, size in enumerate(SIZES))
PROFILE = "Bo is a dog.\nfacts: likes noodles\n"


def whole(*kept: tuple[int, ...] | None) -> SegmentSource:
    return SegmentSource("Bo", PROFILE, (), tuple(Excerpt(p, k) for p, k in zip(PHOTOS, kept, strict=True)))


def eager(tiny: Tiny, inputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """Attention (heads, L, L) of each layer, as stock transformers materialises it."""
    before = tiny.model.config._attn_implementation
    tiny.model.set_attn_implementation("eager")
    try:
        tiny.model.model.rope_deltas = None
        with torch.no_grad():
            found = tiny.model(**inputs, output_attentions=True).attentions
    finally:
        tiny.model.set_attn_implementation(before)
    return tuple(layer[0] for layer in found)
