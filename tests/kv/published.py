"""The added tokens that the published tokenizers of all families have, and tiny models with all of them.

Those of ``added_tokens.json``, ``tokenizer_config.json`` and ``tokenizer.json`` of the named repositories.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tokenizers import AddedToken

from jarvis_memory.vlm import VLM
from tests.kv.limited import make_gemma3, make_qwen3_5
from tests.kv.tiny import SETTINGS, Tiny, make_config, make_model, make_processor

_QWEN2 = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_QWEN_MARKS = tuple(f"<|{kind}_{end}|>" for kind in ("object_ref", "box", "quad") for end in ("start", "end"))
_QWEN_SIGHT = tuple(
    f"<|{word}|>" for word in ("vision_start", "vision_end", "vision_pad", "image_pad", "video_pad")
)
_QWEN_CODE = tuple(
    f"<|{word}|>" for word in ("fim_prefix", "fim_middle", "fim_suffix", "fim_pad", "repo_name", "file_sep")
)
_CALLS = ("<tool_call>", "</tool_call>")
_THOUGHTS = ("<tool_response>", "</tool_response>", "<think>", "</think>")
_QWEN25 = (*_QWEN2, *_QWEN_MARKS, *_QWEN_SIGHT, *_CALLS, *_QWEN_CODE)
_SMOL = tuple(
    f"<{word}>"
    for word in [
        "repo_name",
        "reponame",
        "file_sep",
        "filename",
        "gh_stars",
        "issue_start",
        "issue_comment",
        "issue_closed",
        "jupyter_start",
        "jupyter_text",
        "jupyter_code",
        "jupyter_output",
        "jupyter_script",
        "empty_output",
    ]
)
_HTML = [
    "table",
    "caption",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "th",
    "td",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "strong",
    "em",
    "b",
    "i",
    "u",
    "s",
    "sub",
    "sup",
    "code",
]


def _gemma() -> Iterator[str]:
    yield from (
        "<pad>",
        "<eos>",
        "<bos>",
        "<unk>",
        "<mask>",
        "[multimodal]",
        "<start_of_turn>",
        "<end_of_turn>",
    )
    yield from (f"<unused{number}>" for number in range(6242))
    yield from ("\n" * count for count in range(2, 32))
    yield from ("\u2581" * count for count in range(2, 32))
    for tag in _HTML:
        yield from (f"<{tag}>", f"</{tag}>")
    yield from ("<start_of_image>", "<end_of_image>", "<image_soft_token>")


PUBLISHED: dict[str, tuple[str, ...]] = {
    # Qwen/Qwen2.5-VL-3B-Instruct
    "qwen2_5_vl": _QWEN25,
    # Qwen/Qwen3-VL-2B-Instruct
    "qwen3_vl": (*_QWEN25, *_THOUGHTS),
    # OpenGVLab/InternVL3-1B-hf, InternVL3_5-1B-HF
    "internvl": (
        *(*_QWEN25, *_THOUGHTS, "<img>", "</img>", "<IMG_CONTEXT>", "<video>"),
        *("<quad>", "</quad>", "<ref>", "</ref>", "<box>", "</box>"),
    ),
    # llava-hf/llava-onevision-qwen2-0.5b-ov-hf
    "llava_onevision": (*_QWEN2, "<image>", "<video>"),
    # HuggingFaceTB/SmolVLM2-2.2B-Instruct, HuggingFaceM4/Idefics3-8B-Llama3
    "smolvlm": (
        *(*_QWEN2, *_SMOL, "<global-img>", "<fake_token_around_image>", "<image>", "<end_of_utterance>"),
        *(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)),
        *(f"<|reserved_special_token_{number}|>" for number in range(248)),
        *("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>"),
        *("<|eom_id|>", "<|eot_id|>", "<|python_tag|>", "<|finetune_right_pad_id|>"),
    ),
    # google/gemma-3-4b-it
    "gemma3": tuple(_gemma()),
    # Qwen/Qwen3.5-27B
    "qwen3_5": (
        *(*_QWEN25, *_THOUGHTS, "<|audio_start|>", "<|audio_end|>", "<|audio_pad|>"),
        *("<tts_pad>", "<tts_text_bos>", "<tts_text_eod>", "<tts_text_bos_single>"),
    ),
}


def fresh(tokenizer: Any, tokens: Sequence[str]) -> list[AddedToken]:
    """Those that a tokenizer lacks; special, unless the published ones are not."""
    there = tokenizer.get_added_vocab()
    plain = {*_CALLS, *_THOUGHTS}
    return [
        AddedToken(token, special=token not in plain and bool(token.strip(" \n\u2581")), normalized=False)
        for token in tokens
        if token not in there
    ]


def make_published(family: str) -> Tiny:
    """A tiny random model of a family, whose tokenizer has every added token of the real one."""
    if family == "gemma3":
        return make_gemma3(lambda tokenizer: fresh(tokenizer, PUBLISHED[family]))
    if family == "qwen3_5":
        return make_qwen3_5(lambda tokenizer: fresh(tokenizer, PUBLISHED[family]))
    processor = make_processor(family)
    processor.tokenizer.add_tokens(fresh(processor.tokenizer, PUBLISHED[family]))
    model = make_model(make_config(family, processor.tokenizer))
    return Tiny(model, processor, VLM(model, processor, f"published-{family}", settings=SETTINGS))
