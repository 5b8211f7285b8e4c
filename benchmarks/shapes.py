"""Models of true size with random weights: honest for time and memory, and nothing to download."""

from __future__ import annotations

from typing import Any, Final

import torch
import typer

from jarvis_memory.vlm import VLM, ImageSettings

__all__ = ["SHAPES", "check_shape", "model_of", "random_model", "shape_config"]

_QWEN_EYES: Final[dict[str, Any]] = {
    "depth": 32,
    "hidden_size": 1280,
    "intermediate_size": 3420,
    "num_heads": 16,
    "patch_size": 14,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "window_size": 112,
    "fullatt_block_indexes": [7, 15, 23, 31],
}
_ROPE: Final[dict[str, Any]] = {"rope_type": "default", "rope_theta": 1e6}

SHAPES: Final[dict[str, dict[str, Any]]] = {
    "qwen2.5-vl-3b": {
        "type": "qwen2_5_vl",
        "patch_side": 224,
        "text": {
            "hidden_size": 2048,
            "intermediate_size": 11008,
            "num_hidden_layers": 36,
            "num_attention_heads": 16,
            "num_key_value_heads": 2,
            "vocab_size": 151936,
            "tie_word_embeddings": True,
            "rope_parameters": {**_ROPE, "mrope_section": [16, 24, 24]},
        },
        "vision": {**_QWEN_EYES, "out_hidden_size": 2048},
    },
    "qwen2.5-vl-7b": {
        "type": "qwen2_5_vl",
        "patch_side": 224,
        "text": {
            "hidden_size": 3584,
            "intermediate_size": 18944,
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
            "vocab_size": 152064,
            "tie_word_embeddings": False,
            "rope_parameters": {**_ROPE, "mrope_section": [16, 24, 24]},
        },
        "vision": {**_QWEN_EYES, "out_hidden_size": 3584},
    },
    "qwen3-vl-4b": {
        "type": "qwen3_vl",
        "patch_side": 224,
        "text": {
            "hidden_size": 2560,
            "intermediate_size": 9728,
            "num_hidden_layers": 36,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "vocab_size": 151936,
            "tie_word_embeddings": True,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 5e6,
                "mrope_section": [24, 20, 20],
                "mrope_interleaved": True,
            },
        },
        "vision": {
            "depth": 24,
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_heads": 16,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "out_hidden_size": 2560,
            "num_position_embeddings": 2304,
            "deepstack_visual_indexes": [5, 11, 17],
        },
    },
    "internvl3-8b": {
        "type": "internvl",
        "patch_side": 448,
        "text": {
            "model_type": "qwen2",
            "hidden_size": 3584,
            "intermediate_size": 18944,
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
            "vocab_size": 151674,
            "tie_word_embeddings": False,
            "rope_parameters": _ROPE,
        },
        "vision": {
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "image_size": [448, 448],
            "patch_size": [14, 14],
        },
    },
}
"""The configurations that the models of these names are published with."""


def shape_config(shape: str, tokenizer: Any, layers: int | None = None) -> Any:
    """The transformers config of one of `SHAPES`, with the control tokens of ``tokenizer``."""
    from transformers import AutoConfig

    wanted = SHAPES[shape]
    text = {**wanted["text"], "max_position_embeddings": 32768}
    vision = dict(wanted["vision"])
    if layers is not None:
        text["num_hidden_layers"] = layers
        vision[next(name for name in ("depth", "num_hidden_layers") if name in vision)] = layers
        for places in ("fullatt_block_indexes", "deepstack_visual_indexes"):
            if places in vision:
                vision[places] = [min(place, layers - 1) for place in vision[places]][:1]
    ids = tokenizer.convert_tokens_to_ids
    text |= {"eos_token_id": ids("<|im_end|>"), "pad_token_id": ids("<|endoftext|>"), "bos_token_id": None}
    more: dict[str, Any] = {
        "image_token_id": ids("<|image_pad|>"),
        "tie_word_embeddings": text["tie_word_embeddings"],
    }
    if wanted["type"] == "internvl":
        more |= {"image_seq_length": 256, "downsample_ratio": 0.5}
    else:
        more |= {
            "video_token_id": ids("<|video_pad|>"),
            "vision_start_token_id": ids("<|vision_start|>"),
            "vision_end_token_id": ids("<|vision_end|>"),
        }
    return AutoConfig.for_model(wanted["type"], text_config=text, vision_config=vision, **more)


def check_shape(shape: str | None) -> None:
    """Refuse a name that is none of `SHAPES`; none at all is Pocket."""
    if shape is not None and shape not in SHAPES:
        raise typer.BadParameter(f"a shape is one of {', '.join(SHAPES)}, got {shape!r}")


def model_of(shape: str | None, device: str, layers: int | None = None) -> VLM:
    """A model of a shape, in bfloat16 on a GPU and float32 elsewhere; without a shape Pocket."""
    check_shape(shape)
    if shape is None:
        return VLM.load("pocket", device=device)
    dtype = torch.bfloat16 if device.startswith("cuda") else torch.float32
    return random_model(shape, device, dtype, layers)


def random_model(shape: str, device: str, dtype: torch.dtype, layers: int | None = None) -> VLM:
    """A model of one of `SHAPES`; words are split by Pocket's tokenizer, whose ids all of them have.

    Args:
        shape: A name of `SHAPES`.
        device: Where it computes.
        dtype: Of its weights.
        layers: How many layers of text and vision, to try it where it does not fit.
    """
    from transformers import AutoModelForImageTextToText

    wanted = SHAPES[shape]
    processor = _processor(wanted)
    config = shape_config(shape, processor.tokenizer, layers)
    torch.manual_seed(0)
    with torch.device(device):
        model = AutoModelForImageTextToText.from_config(config, dtype=dtype)
    settings = ImageSettings(patch_side=wanted["patch_side"])
    return VLM(model.to(device), processor, f"random-{shape}", settings=settings)


def _processor(wanted: dict[str, Any]) -> Any:
    from transformers import (
        GotOcr2ImageProcessor,
        InternVLProcessor,
        InternVLVideoProcessor,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    from jarvis_memory.vlm.loading import load_model

    pocket = load_model("pocket", device="cpu").processor
    tokenizer, template = pocket.tokenizer, pocket.chat_template
    if wanted["type"] == "internvl":
        # What the processor looks for by name; in the prompt an image is written with Pocket's own marks.
        tokenizer.start_image_token, tokenizer.end_image_token = "<|vision_start|>", "<|vision_end|>"
        tokenizer.context_image_token, tokenizer.video_token = "<|image_pad|>", "<|video_pad|>"
        for name in ("start_image_token", "end_image_token", "context_image_token"):
            setattr(tokenizer, f"{name}_id", tokenizer.convert_tokens_to_ids(getattr(tokenizer, name)))
        size = {"height": 448, "width": 448}
        return InternVLProcessor(
            GotOcr2ImageProcessor(size=size, crop_to_patches=False),
            tokenizer,
            InternVLVideoProcessor(size=size),
            image_seq_length=256,
            chat_template=template,
        )
    sizes = {name: wanted["vision"][name] for name in ("patch_size", "temporal_patch_size")}
    sizes["merge_size"] = wanted["vision"]["spatial_merge_size"]
    limits = {"shortest_edge": 56 * 56, "longest_edge": 1280 * 28 * 28}
    return Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(size=limits, **sizes),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(**sizes),
        chat_template=template,
    )
