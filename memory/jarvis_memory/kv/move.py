"""Moving keys to other positions."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from jarvis_retrievers.errors import ContextError

__all__ = ["rotate_keys", "turn_rows", "turns"]


def rotate_keys(keys: torch.Tensor, offset: int, inv_freq: torch.Tensor) -> torch.Tensor:
    """Move keys by ``offset`` positions.

    A rotary embedding is a rotation, and rotations add up (RoFormer, arXiv 2104.09864, section 3.4.3): a key
    encoded at position p, turned by the angles of ``offset``, is the key encoded at p + offset. Under M-RoPE
    the offset is the same on the time, height and width axes, so which axis a frequency belongs to drops out,
    sectioned or interleaved.

    Args:
        keys: (..., tokens, head_dim) after rotary embedding, halves layout (x1 | x2). Only the first
            2 * len(inv_freq) dimensions are rotary, the others are passed on.
        offset: New position minus old position; may be negative.
        inv_freq: (rotary_dim / 2,) the bare frequencies. The model's cos and sin may carry an
            ``attention_scaling``; stored keys have it already, and it must not be applied again.

    Returns:
        The same shape and dtype. With offset 0 the very same tensor.

    Raises:
        ContextError: There are more frequencies than the head has room for.
    """
    rotary = 2 * inv_freq.numel()
    if inv_freq.ndim != 1 or rotary == 0 or rotary > keys.shape[-1]:
        raise ContextError(
            f"Keys of head_dim {keys.shape[-1]} have at most {keys.shape[-1] // 2} rotary frequencies, "
            f"got the shape {tuple(inv_freq.shape)}."
        )
    if offset == 0:
        return keys
    moved = keys.clone()
    turn_rows(moved, *turns([offset], [1], inv_freq, keys.device))
    return moved


def turns(
    offsets: Sequence[int], rows: Sequence[int], inv_freq: torch.Tensor, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines (sum of ``rows``, rotary_dim / 2), float32, of offsets of so many rows each."""
    # Angles grow with the offset and lose bits in fp32; in fp64 this table is still a few numbers only.
    at = torch.tensor(offsets, dtype=torch.float64)
    angles = at[:, None] * inv_freq.detach().to(device="cpu", dtype=torch.float64)
    table = torch.stack([angles.cos(), angles.sin()]).float().to(device)
    count = torch.tensor(rows).to(device)
    cos, sin = table.repeat_interleave(count, dim=1, output_size=sum(rows))
    return cos, sin


def turn_rows(keys: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> None:
    """Turn keys (..., tokens, head_dim) in place by the angles of :func:`turns`, one row per token."""
    half = cos.shape[-1]
    # Turned in fp32 and cast once: bf16 tables triple the error of storing the keys in bf16.
    x1, x2 = keys[..., :half], keys[..., half : 2 * half]
    # A product of bf16 and fp32 is fp32: casting is part of it, and costs no pass of its own.
    first = (x1 * cos).addcmul_(x2, sin, value=-1)
    second = (x2 * cos).addcmul_(x1, sin)
    keys[..., :half] = first
    keys[..., half : 2 * half] = second
