"""Tiny models with random weights, in the architectures of real ones, saved as a folder like theirs.

They load by the same way (`from_pretrained`), have the same kinds of layers, positions and image tokens, and
answer nonsense. Words are split by Pocket's tokenizer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForImageTextToText,
    GotOcr2ImageProcessor,
    InternVLProcessor,
    InternVLVideoProcessor,
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessor,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from jarvis_memory.vlm.loading import load_model

SIDE = 64
"""Pixels of a patch."""
_NAMES = {
    "start_image_token": "<|vision_start|>",
    "end_image_token": "<|vision_end|>",
    "context_image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
}


def save_tiny(family: str, folder: Path) -> Path:
    """Make a model of ``"qwen3_vl"`` or ``"internvl"`` and save it; returns the folder."""
    pocket = load_model("pocket", device="cpu").processor
    words = pocket.tokenizer.backend_tokenizer
    named = _NAMES if family == "internvl" else {}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words,
        eos_token="<|im_end|>",  # noqa: S106
        pad_token="<|endoftext|>",  # noqa: S106
        extra_special_tokens=named,
    )
    make = _internvl if family == "internvl" else _qwen3_vl
    config, processor = make(tokenizer, pocket.chat_template)
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_config(config)
    for parameter in model.parameters():
        if parameter.ndim > 1:  # large enough for answers to depend on what is read
            torch.nn.init.normal_(parameter, std=0.08)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    (folder / "jarvis.json").write_text(f'{{"patch_side": {SIDE}, "question_pixels": {SIDE * SIDE}}}')
    return folder


def _text(tokenizer: Any, **rope: Any) -> dict[str, Any]:
    return {
        "hidden_size": 256,
        "intermediate_size": 768,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": 8192,
        "bos_token_id": None,
        "eos_token_id": tokenizer.convert_tokens_to_ids("<|im_end|>"),
        "pad_token_id": tokenizer.convert_tokens_to_ids("<|endoftext|>"),
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, **rope},
    }


def _qwen3_vl(tokenizer: Any, template: str) -> tuple[Any, Any]:
    """Interleaved M-RoPE and DeepStack, as in Qwen3-VL."""
    ids = tokenizer.convert_tokens_to_ids
    text = _text(tokenizer, mrope_section=[16, 8, 8], mrope_interleaved=True) | {"head_dim": 64}
    vision = {
        "depth": 2,
        "hidden_size": 64,
        "num_heads": 2,
        "intermediate_size": 96,
        "out_hidden_size": 256,
        "patch_size": 8,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "deepstack_visual_indexes": [0, 1],
        "num_position_embeddings": 256,
    }
    config = AutoConfig.for_model(
        "qwen3_vl",
        text_config=text,
        vision_config=vision,
        image_token_id=ids("<|image_pad|>"),
        video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
    )
    sizes = {"patch_size": 8, "merge_size": 2, "temporal_patch_size": 2}
    processor = Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(
            size={"shortest_edge": 16 * 16, "longest_edge": 256 * 256}, **sizes
        ),
        tokenizer=tokenizer,
        video_processor=Qwen3VLVideoProcessor(**sizes),
        chat_template=template,
    )
    return config, processor


def _internvl(tokenizer: Any, template: str) -> tuple[Any, Any]:
    """Plain positions and one tile for each picture, as in InternVL3."""
    text = _text(tokenizer) | {"model_type": "qwen2"}
    vision = {
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": [SIDE, SIDE],
        "patch_size": [8, 8],
    }
    config = AutoConfig.for_model(
        "internvl",
        text_config=text,
        vision_config=vision,
        image_token_id=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        image_seq_length=16,
        downsample_ratio=0.5,
    )
    size = {"height": SIDE, "width": SIDE}
    processor = InternVLProcessor(
        GotOcr2ImageProcessor(size=size, crop_to_patches=False),
        tokenizer,
        InternVLVideoProcessor(size=size),
        image_seq_length=16,
        chat_template=template,
    )
    return config, processor
