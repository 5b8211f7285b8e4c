"""What stock transformers computes from a prompt written by hand: none of our layout, positions or caches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image

from jarvis_memory.kv import Context
from jarvis_memory.vlm import SegmentSource
from tests.kv import tiles
from tests.kv.tiles import TILE_FAMILIES, WRITTEN
from tests.kv.tiny import Tiny

IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
PREFIX = (
    "<|im_start|>system\nAnswer from your memory of the user's concepts. If someone is not in it, say so."
    "<|im_end|>\n<|im_start|>user\n"
)
TAIL = "<|im_end|>\n<|im_start|>assistant\n"


def joint(
    tiny: Tiny,
    sources: Sequence[SegmentSource],
    question: str | None = None,
    images: Sequence[Image.Image] = (),
) -> dict[str, Any]:
    """Inputs of one prompt with everything in it; up to the last segment where there is no question."""
    image = WRITTEN.get(tiny.family, IMAGE)
    text = PREFIX
    for source in sources:
        text += source.profile if source.profile.endswith("\n") else source.profile + "\n"
        text += f"{source.name}{image}{source.name}\n" * len(source.patches)
    if question is not None:
        text += f"{image}\n" * len(images) + question + TAIL
    shown = [patch for source in sources for patch in source.patches] + list(images)
    if tiny.family in TILE_FAMILIES:
        ids = torch.tensor([tiny.processor.tokenizer(text)["input_ids"]])
        pixels = tiles.shown(tiny.family, tiny.processor, shown)
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids), **pixels}
    inputs = tiny.processor(text=[text], images=shown or None, return_tensors="pt")
    return dict(inputs)


def positions(tiny: Tiny, inputs: dict[str, Any]) -> torch.Tensor:
    """(axes, 1, L) as the model itself makes them."""
    if tiny.family in TILE_FAMILIES:
        return torch.arange(inputs["input_ids"].shape[1])[None, None]
    found, _ = tiny.model.model.get_rope_index(
        inputs["input_ids"], inputs["mm_token_type_ids"], image_grid_thw=inputs.get("image_grid_thw")
    )
    return torch.as_tensor(found)


def prefill(
    tiny: Tiny, inputs: dict[str, Any], offset: int = 0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Keys, values (layers, heads, L, dim) and last logits of a full prefill, all moved by ``offset``."""
    from transformers import DynamicCache

    moved = positions(tiny, inputs) + offset
    given = {} if offset == 0 else {"position_ids": moved[0] if len(moved) == 1 else moved}
    tiny.model.model.rope_deltas = None
    with torch.no_grad():
        out = tiny.model(**inputs, **given, past_key_values=DynamicCache(), use_cache=True)
    layers = out.past_key_values.layers
    keys = torch.cat([layer.keys for layer in layers])
    values = torch.cat([layer.values for layer in layers])
    return keys, values, out.logits[0, -1]


def answer(tiny: Tiny, inputs: dict[str, Any], max_new_tokens: int) -> tuple[int, ...]:
    """What ``model.generate`` of transformers makes of a prompt."""
    tiny.model.model.rope_deltas = None
    out = tiny.model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
    return tuple(out[0, inputs["input_ids"].shape[1] :].tolist())


def error(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max())


def same_rows(context: Context, keys: torch.Tensor, values: torch.Tensor, limit: float) -> bool:
    return error(context.keys, keys) < limit and error(context.values, values) < limit
