"""Tiny random models of the families that show every image as one tile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image

SIDE = 32
CONTROL = {
    "internvl": ("<img>", "<IMG_CONTEXT>", "</img>", "<video>"),
    "llava_onevision": ("<image>", "<video>"),
    "smolvlm": ("<fake_token_around_image>", "<global-img>", "<image>", "<end_of_utterance>"),
}
NAMED = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "video_token": "<video>",
}
# How the stock processor writes one image of so many tokens.
WRITTEN = {
    "internvl": "<img>" + "<IMG_CONTEXT>" * 4 + "</img>",
    "llava_onevision": "<image>" * 17,
    "smolvlm": "<fake_token_around_image><global-img>" + "<image>" * 4 + "<fake_token_around_image>",
}
_MARK = {"internvl": "<IMG_CONTEXT>", "llava_onevision": "<image>", "smolvlm": "<image>"}
TILE_FAMILIES = tuple(CONTROL)


def make_tile_processor(family: str, tokenizer: Any, template: str) -> Any:
    from transformers import (
        GotOcr2ImageProcessor,
        Idefics3ImageProcessor,
        Idefics3Processor,
        InternVLProcessor,
        InternVLVideoProcessor,
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
    )

    size = {"height": SIDE, "width": SIDE}
    if family == "internvl":
        return InternVLProcessor(
            GotOcr2ImageProcessor(size=size, crop_to_patches=False),
            tokenizer,
            InternVLVideoProcessor(size=size),
            image_seq_length=4,
            chat_template=template,
        )
    if family == "llava_onevision":
        return LlavaOnevisionProcessor(
            LlavaOnevisionImageProcessor(size=size, image_grid_pinpoints=[[SIDE, SIDE], [2 * SIDE, SIDE]]),
            tokenizer,
            LlavaOnevisionVideoProcessor(size=size),
            num_image_tokens=16,
            vision_feature_select_strategy="full",
            chat_template=template,
        )
    longest = {"longest_edge": SIDE}
    images = Idefics3ImageProcessor(size=longest, max_image_size=longest, do_image_splitting=False)
    return Idefics3Processor(images, tokenizer, image_seq_len=4, chat_template=template)


def make_tile_config(family: str, tokenizer: Any, text: dict[str, Any]) -> Any:
    from transformers import (
        InternVLConfig,
        LlamaConfig,
        LlavaOnevisionConfig,
        Qwen2Config,
        SiglipVisionConfig,
        SmolVLMConfig,
    )

    pad = tokenizer.convert_tokens_to_ids(_MARK[family])
    vision = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    size = {"image_size": SIDE, "patch_size": 8}
    if family == "internvl":
        square = {"image_size": [SIDE, SIDE], "patch_size": [8, 8]}
        return InternVLConfig(
            vision_config=vision | square,
            text_config=Qwen2Config(**text),
            image_token_id=pad,
            image_seq_length=4,
            downsample_ratio=0.5,
        )
    if family == "llava_onevision":
        return LlavaOnevisionConfig(
            vision_config=SiglipVisionConfig(**vision, **size),
            text_config=Qwen2Config(**text),
            image_token_index=pad,
            image_token_id=pad,
            vision_feature_select_strategy="full",
            image_grid_pinpoints=[[SIDE, SIDE], [2 * SIDE, SIDE]],
        )
    return SmolVLMConfig(
        vision_config=vision | size,
        text_config=LlamaConfig(**text),
        image_token_id=pad,
        scale_factor=2,
        pad_token_id=text["pad_token_id"],
    )


def make_tile_model(config: Any) -> Any:
    from transformers import (
        InternVLForConditionalGeneration,
        LlavaOnevisionForConditionalGeneration,
        SmolVLMForConditionalGeneration,
    )

    kinds = {
        "internvl": InternVLForConditionalGeneration,
        "llava_onevision": LlavaOnevisionForConditionalGeneration,
        "smolvlm": SmolVLMForConditionalGeneration,
    }
    return kinds[config.model_type](config)


def shown(family: str, processor: Any, images: Sequence[Image.Image]) -> dict[str, torch.Tensor]:
    """What the stock image processor makes of images, each one tile, for the stock model."""
    if not images:
        return {}
    tiles = [image.resize((SIDE, SIDE), Image.Resampling.BICUBIC) for image in images]
    if family == "llava_onevision":
        made = processor.image_processor([tiles], return_tensors="pt")
        values = made["pixel_values"]
        return {
            "pixel_values": values[:, 0] if values.ndim == 5 else values,
            "image_sizes": torch.tensor([[SIDE, SIDE]] * len(tiles)),
            "batch_num_images": torch.tensor([max(2, len(tiles))]),
        }
    made = processor.image_processor(tiles, return_tensors="pt")
    return {"pixel_values": made["pixel_values"]}
