"""What a stage cannot do without, and how long that takes a machine at the least.

Operations and bytes are counted from the shape of a model, not measured: products of matrices (an addition
and a multiplication each), and what has to be read and written once. Norms, activations, the rotary embedding
and the softmax are left out: a small share of a model of some billion numbers. A floor lets everything run
beside everything else, at the full rate; nothing reaches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["Limit", "Rates", "TextShape", "Work", "composing", "prefill"]


class Limit(StrEnum):
    """What a machine has only so much of.

    ``OPERATIONS`` are products and sums of the model's dtype. ``MEMORY`` is the memory where the model
    computes, bytes read plus bytes written. ``HOST`` is the way from pinned RAM to it (a copy within RAM,
    where the model computes there), and ``DISK`` reading a file in order: both in bytes that are carried.
    """

    OPERATIONS = "operations"
    MEMORY = "memory"
    HOST = "host"
    DISK = "disk"


Rates = Mapping[Limit, float]
"""How much of each a machine does in a second."""


@dataclass(frozen=True, slots=True)
class Work:
    """How much of each limit a stage takes."""

    takes: Mapping[Limit, float] = field(default_factory=dict)

    def floor(self, rates: Rates) -> tuple[float, Limit]:
        """The fewest seconds that it takes, and which limit says so."""
        return max((amount / rates[limit], limit) for limit, amount in self.takes.items())


@dataclass(frozen=True, slots=True)
class TextShape:
    """The numbers of a language model that its work depends on.

    Attributes:
        hidden: Size of a token's state.
        inner: Size inside of the gated perceptron.
        layers: How many.
        heads: Of queries, per layer.
        kv_heads: Of keys and values, per layer.
        head_dim: Numbers per head.
        vocabulary: Rows of the matrix that makes logits.
        size: Bytes of a number.
    """

    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    size: int

    @classmethod
    def of(cls, config: Any, size: int) -> TextShape:
        """From the transformers config of a language model with a gated perceptron in every layer."""
        head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return cls(
            hidden=config.hidden_size,
            inner=config.intermediate_size,
            layers=config.num_hidden_layers,
            heads=config.num_attention_heads,
            kv_heads=config.num_key_value_heads,
            head_dim=head_dim,
            vocabulary=config.vocab_size,
            size=size,
        )

    @property
    def layer_weights(self) -> int:
        """Numbers in the matrices of one layer: queries and outputs, keys and values, the perceptron."""
        attention = 2 * self.hidden * self.head_dim * (self.heads + self.kv_heads)
        return attention + 3 * self.hidden * self.inner

    @property
    def head_weights(self) -> int:
        """Numbers in the matrix that makes logits."""
        return self.hidden * self.vocabulary

    @property
    def row_bytes(self) -> int:
        """Bytes of the keys and values of one token, in all layers."""
        return 2 * self.layers * self.kv_heads * self.head_dim * self.size

    @property
    def weight_bytes(self) -> int:
        """Bytes of all weights that one step reads."""
        return (self.layers * self.layer_weights + self.head_weights) * self.size


def prefill(shape: TextShape, tokens: int, past: int, batch: int = 1, pairs: int | None = None) -> Work:
    """New tokens behind those of a cache, and the logits of the last; of one token, a step of decoding.

    Args:
        shape: Of the model.
        tokens: New tokens in each row of the batch.
        past: Tokens in the cache of each.
        batch: How many rows; weights are read once for all.
        pairs: How many (new token, token that it attends to) there are per row; if not given, those of a
            causal mask.
    """
    if pairs is None:
        pairs = tokens * past + tokens * (tokens + 1) // 2
    products = 2 * tokens * shape.layers * shape.layer_weights + 2 * shape.head_weights
    attention = 4 * shape.layers * shape.heads * shape.head_dim * pairs
    # What is in the cache is read, what is new is written.
    rows = (past + tokens) * shape.row_bytes
    return Work(
        {Limit.OPERATIONS: batch * (products + attention), Limit.MEMORY: shape.weight_bytes + batch * rows}
    )


def composing(shape: TextShape, tokens: int) -> Work:
    """A context of rows that are where the model computes: each is read, turned, and written once."""
    return Work({Limit.MEMORY: 2 * tokens * shape.row_bytes})
