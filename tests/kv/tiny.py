"""Tiny random models of all families, with a real tokenizer, processor and chat template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from jarvis_memory.vlm import VLM, ImageSettings, SegmentSource
from tests.kv.tiles import CONTROL as TILE_CONTROL
from tests.kv.tiles import NAMED, TILE_FAMILIES, make_tile_config, make_tile_model, make_tile_processor

GRID_FAMILIES = ("qwen2_5_vl", "qwen3_vl")
FAMILIES = (*GRID_FAMILIES, *TILE_FAMILIES)
CONTROL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
# Added, but not special: what split_special_tokens=True lets pass.
ADDED = ("<tool_call>", "<think>")
SETTINGS = ImageSettings(patch_side=32, question_pixels=48 * 48)
WORDS = [
    "Answer from your memory of the user's concepts. If someone is not in it, say so.",
    "Bo is a dog. Bo likes noodles. What hangs on Bo's collar? A yellow star. system user assistant",
    "Mia's mug is blue with a red handle. Where is the mug? On the shelf. image pad tool call think",
] * 20
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.content is string %}{{ m.content }}{% else %}"
    "{% for c in m.content %}{% if c.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ c.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_tokenizer(more: tuple[str, ...] = (), named: dict[str, str] | None = None) -> Any:
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    backend.train_from_iterator(WORDS, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet))
    backend.add_special_tokens(
        [AddedToken(text, special=True, normalized=False) for text in (*CONTROL, *more)]
    )
    backend.add_tokens([AddedToken(text, special=False, normalized=False) for text in ADDED])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        **({"extra_special_tokens": named} if named else {}),
    )


def make_processor(family: str) -> Any:
    from transformers import (
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    if family in TILE_FAMILIES:
        return make_tile_processor(
            family, make_tokenizer(TILE_CONTROL[family], NAMED if family == "internvl" else None), TEMPLATE
        )
    options = {"patch_size": 8, "merge_size": 2, "temporal_patch_size": 2}
    size = {"shortest_edge": 16 * 16, "longest_edge": 128 * 128}
    new = family == "qwen3_vl"
    video = (Qwen3VLVideoProcessor if new else Qwen2VLVideoProcessor)(**options)
    return (Qwen3VLProcessor if new else Qwen2_5_VLProcessor)(
        image_processor=Qwen2VLImageProcessor(size=size, **options),
        tokenizer=make_tokenizer(),
        video_processor=video,
        chat_template=TEMPLATE,
    )


def make_config(family: str, tokenizer: Any, **rope: Any) -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen3VLConfig

    ids = {text: tokenizer.convert_tokens_to_ids(text) for text in CONTROL}
    new = family == "qwen3_vl"
    if family in TILE_FAMILIES:
        sections: dict[str, Any] = {}
    elif new:
        sections = {"mrope_section": [4, 2, 2], "mrope_interleaved": True}
    else:
        sections = {"mrope_section": [2, 3, 3]}
    text: dict[str, Any] = {
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": 2048,
        "bos_token_id": None,
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1e6,
            **sections,
            **rope,
        },
    }
    if family in TILE_FAMILIES:
        return make_tile_config(family, tokenizer, text)
    vision: dict[str, Any] = {
        "depth": 2,
        "hidden_size": 32,
        "num_heads": 2,
        "intermediate_size": 48,
        "out_hidden_size": 64,
        "patch_size": 8,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
    }
    if new:
        text["head_dim"] = 16
        vision |= {"deepstack_visual_indexes": [0, 1], "num_position_embeddings": 256}
    else:
        vision |= {"window_size": 64, "fullatt_block_indexes": [1]}
    return (Qwen3VLConfig if new else Qwen2_5_VLConfig)(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )


def make_model(config: Any, seed: int = 0) -> Any:
    from transformers import Qwen2_5_VLForConditionalGeneration, Qwen3VLForConditionalGeneration

    torch.manual_seed(seed)
    new = config.model_type == "qwen3_vl"
    if config.model_type in TILE_FAMILIES:
        model = make_tile_model(config).eval()
    else:
        model = (Qwen3VLForConditionalGeneration if new else Qwen2_5_VLForConditionalGeneration)(
            config
        ).eval()
    for parameter in model.parameters():
        # At the usual scale all answers of a random model are one token; here they depend on every input.
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.2)
    return model


@dataclass(frozen=True)
class Tiny:
    model: Any
    processor: Any
    vlm: VLM

    @property
    def family(self) -> str:
        return str(self.model.config.model_type)

    @property
    def text(self) -> Any:
        """The language model."""
        return self.model.model.text_model if self.family == "smolvlm" else self.model.model.language_model

    @property
    def tower(self) -> Any:
        """The vision tower."""
        names = {"smolvlm": "vision_model"}
        names |= dict.fromkeys(("internvl", "llava_onevision", "gemma3"), "vision_tower")
        return getattr(self.model.model, names.get(self.family, "visual"))


def make_tiny(family: str, seed: int = 0, **rope: Any) -> Tiny:
    processor = make_processor(family)
    model = make_model(make_config(family, processor.tokenizer, **rope), seed)
    return Tiny(model, processor, VLM(model, processor, f"tiny-{family}", settings=SETTINGS))


def picture(seed: int, size: tuple[int, int] = (32, 32)) -> Image.Image:
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (size[1], size[0], 3), generator=generator, dtype=torch.uint8)
    return Image.fromarray(pixels.numpy())


def bo(patches: int = 2) -> SegmentSource:
    profile = "Bo is a dog.\nfacts: likes noodles\n"
    return SegmentSource("Bo", profile, tuple(picture(10 + i) for i in range(patches)))


def mug(patches: int = 1) -> SegmentSource:
    profile = "Mia's mug is a mug.\nhandle: red"
    return SegmentSource("Mia's mug", profile, tuple(picture(20 + i) for i in range(patches)))
