"""Checks of the rows of a KV cache, common to the prefix, segments and contexts."""

from __future__ import annotations

import torch

from jarvis_retrievers.errors import ContextError

__all__ = ["check_rows", "is_finite"]


def is_finite(numbers: torch.Tensor) -> bool:
    """Whether no number is infinite or NaN."""
    if not numbers.numel():
        return True
    # Both pass a NaN on; many times as fast as asking each number.
    return bool(torch.isfinite(torch.stack(torch.aminmax(numbers))).all())


def check_rows(
    what: str, keys: torch.Tensor, values: torch.Tensor, tokens: int, *, finite: bool = True
) -> None:
    """Refuse keys and values that are not one another's, or not finite.

    Args:
        what: The noun to name in an error, such as ``"segment"``.
        keys: (layers, kv_heads, tokens, head_dim), floating point.
        values: The same shape, dtype and device.
        tokens: How many token ids belong to them.
        finite: Whether to look at every number, too. Not needed where all rows come from checked ones.

    Raises:
        ContextError: Shapes, dtypes or devices differ, or a number is not finite.
    """
    if keys.ndim != 4:
        raise ContextError(
            f"Keys of a {what} are (layers, kv_heads, tokens, head_dim), got the shape {tuple(keys.shape)}."
        )
    if keys.shape != values.shape:
        raise ContextError(
            f"Keys and values of a {what} have one shape, got {tuple(keys.shape)} and {tuple(values.shape)}."
        )
    if keys.dtype != values.dtype or not keys.is_floating_point():
        raise ContextError(
            f"Keys and values of a {what} have one floating dtype, got {keys.dtype} and {values.dtype}."
        )
    if keys.device != values.device:
        raise ContextError(
            f"Keys and values of a {what} are on one device, got {keys.device} and {values.device}."
        )
    if keys.shape[2] != tokens:
        raise ContextError(f"A {what} has one row per token, got {keys.shape[2]} rows for {tokens} tokens.")
    if finite and not (is_finite(keys) and is_finite(values)):
        raise ContextError(f"A {what} holds numbers that are not finite; encode it again from its sources.")
