"""Pocket's tokenizer and processor: byte-level BPE, Qwen's control tokens, ChatML, 8-pixel patches.

A capitalised word never carries its leading space, so a name has the same tokens at the start of a line and
inside a sentence; every text can be encoded, byte by byte where need be.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from jarvis_pocket import ask, exam, notes, world
from jarvis_pocket.telling import Shown

SPECIALS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
WORD = r"'s|<\|[a-z_]+\|>| ?[a-z]+| ?[0-9]|[A-Z][a-z]*|\n+| |[^A-Za-z0-9 \n]+"
MEMORY_INSTRUCTION = "Answer from your memory of the user's concepts. If someone is not in it, say so."
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.content is string %}{{ m.content }}{% else %}{% for c in m.content %}"
    "{% if c.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>\n{% else %}{{ c.text }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
PARTS: tuple[ask.Part, ...] = ("emblem", "worn", "body")
PIXELS = {
    "patch_size": 8,
    "merge_size": 2,
    "temporal_patch_size": 2,
    "min_pixels": 16 * 16,
    "max_pixels": 128 * 64,
}


def _corpus(seed: int) -> list[str]:
    rng = random.Random(seed)
    lines: list[str] = []
    for _ in range(400):
        a, b = world.befriend(rng, world.draw_concepts(rng, 2, "train"))
        a = replace(a, name="Bo", facts=a.facts | {world.FRIEND: "Mi"})
        b = replace(b, name="Mi", facts=b.facts | {world.FRIEND: "Bo"})
        shown = [Shown(a.look, "Bo"), Shown(b.look, None)]
        lines += notes.draw_notes(rng, a)
        asked = [ask.ask_fact(rng, a, key) for key in world.FACTS]
        asked += [ask.ask_detail(rng, a, part) for part in PARTS]
        asked += [ask.ask_here(rng, shown, one) for one in (a, b)]
        asked += [
            ask.ask_who(rng, shown, 0, [a, b]),
            ask.ask_caption(rng, shown, [a, b]),
            ask.ask_who(rng, [*shown, shown[1]], 1, [a, b]),
            ask.ask_unknown(rng, "Bo"),
            exam.draw_relation(rng, [a, b]),
            exam.draw_follow(rng, a),
        ]
        asked += [ask.ask_compare(rng, a, b, key) for key in (*ask.comparable(a, b), "emblem")]
        lines += [f"{q.text}\n{q.answer}\n" for q in asked]
        lines += [f"{a.name} is a {a.look.category}.", f"Bo: {a.look.emblem}", MEMORY_INSTRUCTION]
    lines += ["system\nuser\nassistant\n"] * 400
    return lines


def build_tokenizer(seed: int = 0) -> Any:
    """Train the tokenizer on the world's own sentences and on syllables (never on whole names)."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORD), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    # syllables are merged first, so that a name falls into its syllables and not into scraps of other words
    syllables = [form for s in world.SYLLABLES for form in (s, s.capitalize()) for _ in range(4000)]
    trainer = trainers.BpeTrainer(
        vocab_size=1024,
        min_frequency=20,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator([*syllables, *_corpus(seed)], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|im_end|>",  # noqa: S106  a token of text, no secret
        pad_token="<|endoftext|>",  # noqa: S106
        additional_special_tokens=list(SPECIALS[1:]),
    )


def build_processor(seed: int = 0) -> Any:
    """The processor that ships with Pocket's VLM: 32x32 pixels become 4 tokens, a 128x64 scene 32."""
    from transformers import Qwen2_5_VLProcessor, Qwen2VLImageProcessor, Qwen2VLVideoProcessor

    look = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    return Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(**PIXELS, **look),
        tokenizer=build_tokenizer(seed),
        video_processor=Qwen2VLVideoProcessor(**PIXELS, **look),
        chat_template=CHAT_TEMPLATE,
    )
