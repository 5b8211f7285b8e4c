"""Tiny random models whose segments do not reach far, and what stock transformers computes with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from PIL import Image

from jarvis_memory.vlm import VLM, SegmentSource
from tests.kv.oracle import PREFIX, TAIL
from tests.kv.tiny import SETTINGS, TEMPLATE, Tiny, make_config, make_model, make_processor, make_tokenizer

MARKS = {
    "boi_token": "<start_of_image>",
    "eoi_token": "<end_of_image>",
    "image_token": "<image_soft_token>",
}
SIDE, CELLS, WINDOW = 32, 4, 24
WRITTEN = "\n\n<start_of_image>" + "<image_soft_token>" * CELLS + "<end_of_image>\n\n"


def _random(model: Any, processor: Any, name: str) -> Tiny:
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    return Tiny(model.eval(), processor, VLM(model, processor, name, settings=SETTINGS))


More = Callable[[Any], Sequence[Any]]
"""The tokens that a tokenizer gets besides its own."""


def _no_more(tokenizer: Any) -> Sequence[Any]:
    return ()


def make_gemma3(more: More = _no_more) -> Tiny:
    """Windows of 24 tokens in two of three layers, so that a segment is longer than they see."""
    from transformers import (
        Gemma3Config,
        Gemma3ForConditionalGeneration,
        Gemma3ImageProcessor,
        Gemma3Processor,
    )

    tokenizer = make_tokenizer(tuple(MARKS.values()), MARKS)
    tokenizer.add_tokens(list(more(tokenizer)))
    processor = Gemma3Processor(
        Gemma3ImageProcessor(size={"height": SIDE, "width": SIDE}),
        tokenizer,
        image_seq_length=CELLS,
        chat_template=TEMPLATE,
    )
    ids = tokenizer.convert_tokens_to_ids
    sliding = {"rope_type": "default", "rope_theta": 1e4}
    config = Gemma3Config(
        text_config={
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "query_pre_attn_scalar": 16,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 2048,
            "sliding_window": WINDOW,
            "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
            "rope_parameters": {
                "sliding_attention": sliding,
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
            },
            "bos_token_id": None,
            "eos_token_id": ids("<|im_end|>"),
            "pad_token_id": ids("<|endoftext|>"),
        },
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": 8,
            "vision_use_head": False,
        },
        mm_tokens_per_image=CELLS,
        boi_token_index=ids(MARKS["boi_token"]),
        eoi_token_index=ids(MARKS["eoi_token"]),
        image_token_index=ids(MARKS["image_token"]),
        image_token_id=ids(MARKS["image_token"]),
        # Tied, a random model says its last token again and again.
        tie_word_embeddings=False,
    )
    torch.manual_seed(0)
    return _random(Gemma3ForConditionalGeneration(config), processor, "tiny-gemma3")


def make_qwen3_5(more: More = _no_more) -> Tiny:
    """Two layers of linear attention, one of full attention."""
    from transformers import Qwen3_5Config, Qwen3_5ForConditionalGeneration

    processor = make_processor("qwen3_vl")
    processor.tokenizer.add_tokens(list(more(processor.tokenizer)))
    like = make_config("qwen3_vl", processor.tokenizer)
    text = like.text_config.to_dict()
    kept = ["vocab_size", "hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads"]
    kept += ["max_position_embeddings", "eos_token_id", "pad_token_id", "bos_token_id", "head_dim"]
    vision = like.vision_config.to_dict()
    vision.pop("deepstack_visual_indexes")
    config = Qwen3_5Config(
        text_config={name: text[name] for name in kept}
        | {
            "num_hidden_layers": 3,
            "layer_types": ["linear_attention", "full_attention", "linear_attention"],
            "linear_key_head_dim": 8,
            "linear_value_head_dim": 8,
            "linear_num_key_heads": 2,
            "linear_num_value_heads": 4,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 1e6,
                "mrope_section": [2, 1, 1],
                "mrope_interleaved": True,
                "partial_rotary_factor": 0.5,
            },
        },
        vision_config={key: value for key, value in vision.items() if key != "model_type"},
        image_token_id=like.image_token_id,
        video_token_id=like.video_token_id,
        vision_start_token_id=like.vision_start_token_id,
        vision_end_token_id=like.vision_end_token_id,
    )
    torch.manual_seed(0)
    return _random(Qwen3_5ForConditionalGeneration(config), processor, "tiny-qwen3_5")


def make_dynamic() -> Tiny:
    """Frequencies that change where a prompt is longer than 64 tokens."""
    processor = make_processor("qwen2_5_vl")
    more = {"rope_type": "dynamic", "factor": 2.0, "original_max_position_embeddings": 64}
    config = make_config("qwen2_5_vl", processor.tokenizer, **more)
    return _random(make_model(config), processor, "tiny-dynamic")


def gemma3_prompt(
    tiny: Tiny,
    sources: Sequence[SegmentSource],
    question: str | None = None,
    images: Sequence[Image.Image] = (),
) -> dict[str, Any]:
    """Inputs of the stock model for one prompt with everything in it."""
    text = PREFIX
    for source in sources:
        text += source.profile if source.profile.endswith("\n") else source.profile + "\n"
        text += f"{source.name}{WRITTEN}{source.name}\n" * len(source.patches)
    if question is not None:
        text += f"{WRITTEN}\n" * len(images) + question + TAIL
    ids = torch.tensor([tiny.processor.tokenizer(text)["input_ids"]])
    shown = [patch for source in sources for patch in source.patches] + list(images)
    tiles = [image.resize((SIDE, SIDE), Image.Resampling.BICUBIC) for image in shown]
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    inputs["token_type_ids"] = (ids == tiny.model.config.image_token_id).long()
    if tiles:
        made = tiny.processor.image_processor(tiles, return_tensors="pt")
        inputs["pixel_values"] = made["pixel_values"]
    return inputs


def stock_answer(tiny: Tiny, inputs: dict[str, Any], tokens: int) -> tuple[int, ...]:
    """What ``model.generate`` of transformers makes of a prompt."""
    if hasattr(tiny.model.model, "rope_deltas"):
        tiny.model.model.rope_deltas = None
    out = tiny.model.generate(**inputs, max_new_tokens=tokens, do_sample=False)
    return tuple(out[0, inputs["input_ids"].shape[1] :].tolist())
