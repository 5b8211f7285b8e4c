"""Caches for transformers: one with room to grow, and one whose rows are written over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import Cache, DynamicLayer

__all__ = ["empty_cache", "roomy_cache", "scatter_cache"]


class _RoomyLayer(DynamicLayer):  # type: ignore[misc]
    """Appends into rows that were set aside, instead of copying all rows for every token.

    Rows that are still on their way are waited for, and copied, when the model gets to this layer.
    """

    def __init__(
        self, keys: torch.Tensor, values: torch.Tensor, room: int, landed: Any | None = None
    ) -> None:
        super().__init__()
        # Never assigned to a bare layer: `lazy_initialization` marks it as filled.
        self.lazy_initialization(keys, values)
        self.keys, self.values = keys, values
        self._room, self._landed = room, landed
        self._buffers: tuple[torch.Tensor, ...] = ()
        if landed is None:
            self._make_room()

    def _make_room(self) -> None:
        rows = self.keys.shape[-2]
        shape = (*self.keys.shape[:-2], rows + self._room, self.keys.shape[-1])
        self._buffers = (self.keys.new_empty(shape), self.values.new_empty(shape))
        for buffer, given in zip(self._buffers, (self.keys, self.values), strict=True):
            buffer[..., :rows, :] = given
        self.keys, self.values = (buffer[..., :rows, :] for buffer in self._buffers)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if self._landed is not None:
            self._landed.wait()
            self._landed = None
            self._make_room()
        start = self.keys.shape[-2]
        end = start + key_states.shape[-2]
        if end > self._buffers[0].shape[-2]:
            grown: tuple[torch.Tensor, torch.Tensor] = super().update(key_states, value_states)
            return grown
        for buffer, new in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[..., start:end, :] = new
        self.keys, self.values = (buffer[..., :end, :] for buffer in self._buffers)
        return self.keys, self.values


class _ScatterLayer(DynamicLayer):  # type: ignore[misc]
    """Writes new keys and values over chosen rows; the tensors it was given are written to."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.keys, self.values = keys, values
        self.rows = torch.empty(0, dtype=torch.long, device=keys.device)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        self.keys.index_copy_(-2, self.rows, key_states.to(self.keys.dtype))
        self.values.index_copy_(-2, self.rows, value_states.to(self.values.dtype))
        return self.keys, self.values


def roomy_cache(keys: torch.Tensor, values: torch.Tensor, room: int, landed: Sequence[Any] = ()) -> Cache:
    """A cache of copies of (layers, kv_heads, tokens, head_dim), with room for ``room`` more rows.

    Args:
        keys: What it begins with.
        values: The same shape.
        room: How many rows will be appended.
        landed: Per layer what to ``wait`` for before its rows are read; none where they are there.
    """
    waits = landed or [None] * len(keys)
    return Cache(
        layers=[_RoomyLayer(k[None], v[None], room, w) for k, v, w in zip(keys, values, waits, strict=True)]
    )


def scatter_cache(keys: torch.Tensor, values: torch.Tensor) -> Cache:
    """A cache over (layers, kv_heads, tokens, head_dim) itself; set ``rows`` of a layer before it is used."""
    return Cache(layers=[_ScatterLayer(k[None], v[None]) for k, v in zip(keys, values, strict=True)])


def empty_cache(like: torch.Tensor, batch: int, rows: int, room: int) -> Cache:
    """A cache of ``rows`` zeros for each of a batch, to be written to, with room for ``room`` more.

    Args:
        like: (layers, kv_heads, any, head_dim), for shapes, dtype and device.
        batch: How many.
        rows: Rows that count as filled.
        room: Rows to come.
    """
    layers, heads, _, dim = like.shape
    blank = like.new_zeros(batch, heads, rows, dim)
    return Cache(layers=[_RoomyLayer(blank, blank, room) for _ in range(layers)])
