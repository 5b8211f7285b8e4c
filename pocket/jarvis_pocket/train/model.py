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

WIDTH, HEADS, LAYERS = 192, 4, 4
THETA = 1e6


def sections(width: int) -> tuple[int, int, int]:
    """How many frequencies of a head turn with time, row and column: at least a third with time."""
    half = width // HEADS // 2
    return half - 2 * (half // 3), half // 3, half // 3


def build_vlm(tokenizer: Any, seed: int = 0, *, width: int = WIDTH, layers: int = LAYERS) -> Any:
    """A fresh model (2.3 million parameters by default) with the induction circuit in its first two layers.

    ``width`` is a multiple of 64 (16 dimensions for each of 4 identity codes in a head of a quarter of it).
    """
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(seed)
    ids = {t: tokenizer.convert_tokens_to_ids(t) for t in tokenizer.all_special_tokens}
    config = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": width,
            "intermediate_size": width * 7 // 3,
            "num_hidden_layers": layers,
            "num_attention_heads": HEADS,
            "num_key_value_heads": HEADS,
            "vocab_size": len(tokenizer),
            "rope_parameters": {
                "rope_type": "default",
                "mrope_section": list(sections(width)),
                "rope_theta": THETA,
            },
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
            "out_hidden_size": width,
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
    width: int = text.config.hidden_size
    size = width // HEADS
    for layer in layers:
        for weight in (layer.self_attn.o_proj.weight, layer.mlp.down_proj.weight):
            weight.div_(math.sqrt(2 * len(layers)))
    code = size // 4  # dimensions of one identity code
    basis = _orthonormal(width, width)
    slots = [basis[i * code : (i + 1) * code] for i in range(HEADS)]  # B_i: where "i + 1 tokens back" is kept
    words = basis[HEADS * code :]  # embeddings live here, so that the slots start empty
    embedding = model.get_input_embeddings().weight
    embedding.copy_(embedding @ words.T @ words * math.sqrt(width / len(words)))
    identity = _orthonormal(code, len(words)) @ words

    half = size // 2
    inv_freq = text.rotary_emb.inv_freq[: sections(width)[0]].float()
    a = math.sqrt(sharpness * math.sqrt(size))
    first, second = layers[0].self_attn, layers[1].self_attn
    for head in range(HEADS):
        key, query = torch.zeros(size), torch.zeros(size)
        used = 6
        angle = -(head + 1) * inv_freq[:used]
        key[:used] = a
        query[:used], query[half : half + used] = a * angle.cos(), a * angle.sin()
        first.k_proj.bias.view(HEADS, size)[head] = key
        first.q_proj.bias.view(HEADS, size)[head] = query
        value = first.v_proj.weight.view(HEADS, size, width)
        value[head].zero_()
        value[head][:code] = identity
        out = first.o_proj.weight.view(width, HEADS, size)
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
            second.q_proj.weight.view(HEADS, size, width),
            second.k_proj.weight.view(HEADS, size, width),
        )
        query[head].zero_()
        key[head].zero_()
        for dims, (mine, theirs) in zip(groups, matches, strict=True):
            query[head][dims] = reads[mine] * gain
            key[head][dims] = reads[theirs] * gain
        carry = _orthonormal(size, len(words)) @ words
        second.v_proj.weight.view(HEADS, size, width)[head] = carry
        second.o_proj.weight.view(width, HEADS, size)[:, head] = carry.T * 0.02


@torch.no_grad()
def adopt(old: Any, spoken: Any, tokenizer: Any, *, layers: int, seed: int = 0) -> Any:
    """A model for another vocabulary, and perhaps deeper, that goes on from ``old``.

    Embeddings are carried over token by token (``spoken`` is the tokenizer of ``old``); a token that is new
    gets a random one with the mean and covariance of the old ones. Further layers begin as the identity.

    Raises:
        ValueError: fewer layers than ``old`` has.
    """
    config = old.config.text_config
    if layers < config.num_hidden_layers:
        raise ValueError(
            f"{config.num_hidden_layers} layers cannot become {layers}; ask for at least as many"
        )
    model = build_vlm(tokenizer, seed, width=config.hidden_size, layers=layers)
    weights = {k: v for k, v in old.state_dict().items() if "embed_tokens" not in k and "lm_head" not in k}
    model.load_state_dict(weights, strict=False)
    before, after = spoken.get_vocab(), tokenizer.get_vocab()
    known = old.get_input_embeddings().weight.float()
    mean, spread = known.mean(0), torch.linalg.eigh(torch.cov(known.T))
    root = spread.eigenvectors * spread.eigenvalues.clamp(min=0).sqrt()
    table = mean + torch.randn(len(after), len(mean)) @ root.T
    for token, index in after.items():
        if token in before:
            table[index] = known[before[token]]
    model.get_input_embeddings().weight.copy_(table)
    for layer in model.model.language_model.layers[config.num_hidden_layers :]:
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
    return model
