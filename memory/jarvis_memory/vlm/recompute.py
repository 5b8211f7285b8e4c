"""Rows of a composed context, computed anew behind everything that stands before them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from jarvis_memory.kv import Inputs
from jarvis_memory.kv.cache import scatter_cache

from .runner import Runner

__all__ = ["recompute"]

Choose = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Look = Callable[[int, torch.Tensor], None]


def recompute(
    runner: Runner,
    keys: torch.Tensor,
    values: torch.Tensor,
    inputs: Inputs,
    rows: torch.Tensor,
    *,
    choose: Choose | None = None,
    check_layer: int = 1,
    look: Look | None = None,
) -> int:
    """Compute some rows of a cache anew, layer by layer, and write their keys and values over the old ones.

    Every chosen row attends to all rows up to its own, new and old alike. With all rows behind the first
    segment chosen, that is full prefill.

    Args:
        runner: Has the model.
        keys: (layers, kv_heads, tokens, head_dim) of the whole context; written to.
        values: The same shape; written to.
        inputs: Of all rows of the context.
        rows: (n,) int64 rows to begin with, ascending.
        choose: Given old and new values (kv_heads, n, head_dim) of these rows at ``check_layer``, the indices
            of those that go on. None lets all go on.
        check_layer: The layer that ``choose`` looks at.
        look: Called behind each layer with its number and the states (1, n, hidden) that went into it.

    Returns:
        How many rows went through all layers.
    """
    text, device = runner.text, keys.device
    cache = scatter_cache(keys, values)
    columns = torch.arange(inputs.tokens, device=device)
    rows = rows.to(device)
    with torch.no_grad():
        embeds, images = runner.embeddings(inputs)
        deep = inputs.features[1:].to(embeds)
        # Which feature belongs to a row, where it is of an image.
        order = images.long().cumsum(0) - 1
        positions = runner.positions(inputs)
        hidden = embeds[:, rows]
        for number, layer in enumerate(text.layers):
            if not len(rows):
                break
            cache.layers[number].rows = rows
            old = values[number][:, rows] if choose is not None and number == check_layer else None
            before = hidden
            hidden = _through(text, layer, hidden, positions[..., rows], columns <= rows[:, None], cache)
            if look is not None:
                look(number, before)
            if number < len(deep):
                here = images[rows]
                hidden = hidden.index_add(1, here.nonzero()[:, 0], deep[number][order[rows][here]][None])
            if old is not None and choose is not None:
                kept = choose(old, values[number][:, rows])
                rows, hidden = rows[kept], hidden[:, kept]
    return len(rows)


def _through(
    text: Any, layer: Any, hidden: torch.Tensor, positions: torch.Tensor, sees: torch.Tensor, cache: Any
) -> torch.Tensor:
    """One layer over (1, n, hidden) states; ``sees`` (n, tokens) says what each attends to."""
    mask = torch.zeros(sees.shape, dtype=hidden.dtype, device=hidden.device)
    mask = mask.masked_fill(~sees, torch.finfo(hidden.dtype).min)[None, None]
    if positions.shape[0] == 1:
        positions = positions[0]
    out: torch.Tensor = layer(
        hidden,
        attention_mask=mask,
        position_embeddings=text.rotary_emb(hidden, positions),
        past_key_values=cache,
        use_cache=True,
    )
    return out
