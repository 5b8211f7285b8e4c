"""The KV cache that every segment was encoded behind."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from jarvis_retrievers.errors import ContextError

from .inputs import Inputs
from .rows import check_rows

__all__ = ["Prefix"]


@dataclass(frozen=True, slots=True, eq=False)
class Prefix:
    """The KV cache of the chat template up to the first content of the user, stored once per model.

    It carries the attention sink; a segment behind another prefix would be another segment.

    Attributes:
        keys: (layers, kv_heads, tokens, head_dim), rotated for the positions from 0 on.
        values: The same shape.
        inputs: What it was computed from.
        fingerprint: Of the model, processor and prefix that made it.
        inv_freq: (rotary_dim / 2,) the bare rotary frequencies of the keys, on the CPU: what moving needs.

    Raises:
        ContextError: Shapes disagree, or a number is not finite.
    """

    keys: torch.Tensor
    values: torch.Tensor
    inputs: Inputs
    fingerprint: str
    inv_freq: torch.Tensor

    def __post_init__(self) -> None:
        check_rows("prefix", self.keys, self.values, self.inputs.tokens)
        if not self.inputs.tokens:
            raise ContextError("A prefix has at least one token, got none.")
        if self.inv_freq.ndim != 1 or not 0 < 2 * self.inv_freq.numel() <= self.keys.shape[-1]:
            raise ContextError(
                f"Rotary frequencies are one row of at most head_dim / 2 = {self.keys.shape[-1] // 2}, "
                f"got the shape {tuple(self.inv_freq.shape)}."
            )

    @property
    def token_ids(self) -> tuple[int, ...]:
        """One id per row."""
        return self.inputs.token_ids

    @property
    def width(self) -> int:
        """The first position behind it."""
        return self.inputs.width

    @property
    def tokens(self) -> int:
        """How many rows of a cache it takes."""
        return len(self.token_ids)

    @property
    def nbytes(self) -> int:
        """Bytes of its keys and values together."""
        return 2 * self.keys.numel() * self.keys.element_size()
