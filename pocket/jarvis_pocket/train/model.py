"""Pocket's VLM: small, in the stock Qwen2.5-VL architecture, initialised so that binding is learned at once.

A name is bound to its own segment by an induction circuit of two layers: heads of layer 0 copy what stood
1..4 tokens before, heads of layer 1 look for the place whose predecessors are the present tokens. Ordinary
initialisation finds this circuit only after tens of thousands of steps; `induction_init` builds it, and
everything stays trainable.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

WIDTH, HEADS, LAYERS, INNER = 192, 4, 4, 448
HEAD = WIDTH // HEADS
SECTIONS = (8, 8, 8)
THETA = 1e6


def build_vlm(tokenizer: Any, seed: int = 0) -> Any:
    """A fresh model of about 2.3 million parameters with the induction circuit in its first two layers."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(seed)
    ids = {t: tokenizer.convert_tokens_to_ids(t) for t in tokenizer.all_special_tokens}
    config = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": WIDTH,
            "intermediate_size": INNER,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": HEADS,
            "vocab_size": len(tokenizer),
            "rope_parameters": {"rope_type": "default", "mrope_section": list(SECTIONS), "rope_theta": THETA},
            "max_position_embeddings": 4096,
            "bos_token_id": None,
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
            "tie_word_embeddings": True,
        },
        vision_config={
            "depth": 3,
            "hidden_size": 96,
            "intermediate_size": 224,
            "num_heads": 4,
            "out_hidden_size": WIDTH,
            "patch_size": 8,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 64,
            "fullatt_block_indexes": [0, 1, 2],
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )
    model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = ids["<|im_end|>"]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    induction_init(model)
    return model


def _orthonormal(rows: int, columns: int) -> Tensor:
    basis: Tensor = torch.linalg.qr(torch.randn(columns, columns))[0]
    return basis[:rows]


@torch.no_grad()
def induction_init(model: Any, sharpness: float = 5.0, gain: float = 1.6) -> None:
    """Build the induction circuit in layers 0 and 1; all other weights keep their ordinary initialisation.

    Layer 0, head i: biases make it attend ``i + 1`` tokens back (on the temporal frequencies alone, so that
    every token of an image reaches the name before it); it copies an identity code A x of that token into its
    own subspace B_i. Layer 1, head h: its query reads codes of the present tokens, its key the codes one
    place further back, each pair on frequencies too slow for the distance to matter; what it finds is copied
    to the output.
    """
    text = model.model.language_model
    layers = text.layers
    for layer in layers:
        for weight in (layer.self_attn.o_proj.weight, layer.mlp.down_proj.weight):
            weight.div_(math.sqrt(2 * len(layers)))
    code = HEAD // 4  # dimensions of one identity code
    basis = _orthonormal(WIDTH, WIDTH)
    slots = [basis[i * code : (i + 1) * code] for i in range(HEADS)]  # B_i: where "i + 1 tokens back" is kept
    words = basis[HEADS * code :]  # embeddings live here, so that the slots start empty
    embedding = model.get_input_embeddings().weight
    embedding.copy_(embedding @ words.T @ words * math.sqrt(WIDTH / len(words)))
    identity = _orthonormal(code, len(words)) @ words

    half = HEAD // 2
    inv_freq = text.rotary_emb.inv_freq[: SECTIONS[0]].float()
    a = math.sqrt(sharpness * math.sqrt(HEAD))
    first, second = layers[0].self_attn, layers[1].self_attn
    for head in range(HEADS):
        key, query = torch.zeros(HEAD), torch.zeros(HEAD)
        used = 6
        angle = -(head + 1) * inv_freq[:used]
        key[:used] = a
        query[:used], query[half : half + used] = a * angle.cos(), a * angle.sin()
        first.k_proj.bias.view(HEADS, HEAD)[head] = key
        first.q_proj.bias.view(HEADS, HEAD)[head] = query
        value = first.v_proj.weight.view(HEADS, HEAD, WIDTH)
        value[head].zero_()
        value[head][:code] = identity
        out = first.o_proj.weight.view(WIDTH, HEADS, HEAD)
        out[:, head].zero_()
        out[:, head, :code] = slots[head].T * 0.02

    slow = torch.arange(half - code, half)
    groups = (
        torch.stack([slow, slow + half], 1).reshape(-1)[:code],
        torch.stack([slow, slow + half], 1).reshape(-1)[code:],
    )
    reads = [identity, *slots]  # what a token knows: itself, then 1, 2, 3, 4 back
    pairs = [((0, 1), (1, 2)), ((0, 1), (2, 3)), ((1, 2), (2, 3)), ((0, 2), (1, 3))]
    for head, matches in enumerate(pairs):
        query, key = (
            second.q_proj.weight.view(HEADS, HEAD, WIDTH),
            second.k_proj.weight.view(HEADS, HEAD, WIDTH),
        )
        query[head].zero_()
        key[head].zero_()
        for dims, (mine, theirs) in zip(groups, matches, strict=True):
            query[head][dims] = reads[mine] * gain
            key[head][dims] = reads[theirs] * gain
        carry = _orthonormal(HEAD, len(words)) @ words
        second.v_proj.weight.view(HEADS, HEAD, WIDTH)[head] = carry
        second.o_proj.weight.view(WIDTH, HEADS, HEAD)[:, head] = carry.T * 0.02
