"""The one place where the model computes."""

from __future__ import annotations

from typing import Any

import torch

from jarvis_memory.kv import Part
from jarvis_retrievers.errors import ContextError

from .block import Block
from .families import Family

__all__ = ["Runner"]


class Runner:
    """Runs blocks of new tokens behind a cache.

    Positions are always given, so that nothing depends on what the module remembers of its last call
    (``rope_deltas``), and threads may share it. The mask covers the cache and the new tokens; pixels are of
    the new images only. Without positions, every variant of such a call is silently wrong or raises.
    """

    def __init__(self, model: Any, family: Family, name: str) -> None:
        self._model = model
        self._name = name
        self._family = family
        self._pad = family.image_tokens(model.config).pad
        self.window = family.shape(model.config).window

    def check_room(self, positions: int, what: str) -> None:
        """Refuse more positions than the model was made for.

        Raises:
            ContextError: ``positions`` is more than the window.
        """
        if positions > self.window:
            raise ContextError(
                f"{what} would take {positions} positions, the window of {self._name!r} has {self.window}; "
                "leave out concepts or patches, or ask for a shorter answer."
            )

    def positions(self, block: Block) -> torch.Tensor:
        """(3, 1, L) positions of a block as if nothing stood before it; L > 0."""
        ids, types = self._ids(block)
        grid = None if block.pixels is None else block.pixels.grid.to(ids.device)
        return self._family.positions(self._model, ids, types, grid)

    def run(self, block: Block, positions: torch.Tensor, cache: Any) -> torch.Tensor:
        """Compute a block; its keys and values are appended to the cache.

        Args:
            block: The new tokens, at least one.
            positions: (3, 1, L) their positions behind the cache.
            cache: A ``DynamicCache``, which grows by L rows.

        Returns:
            (vocabulary,) logits in float32 of what follows the last token.
        """
        ids, types = self._ids(block)
        past = int(cache.get_seq_length())
        inputs: dict[str, Any] = {
            "input_ids": ids,
            "mm_token_type_ids": types,
            "attention_mask": torch.ones(1, past + ids.shape[1], dtype=torch.long, device=ids.device),
            "position_ids": positions,
            "past_key_values": cache,
            "use_cache": True,
            "logits_to_keep": 1,
        }
        if block.pixels is not None:
            inputs["pixel_values"] = block.pixels.values.to(device=ids.device, dtype=self._model.dtype)
            inputs["image_grid_thw"] = block.pixels.grid.to(ids.device)
        with torch.no_grad():
            logits: torch.Tensor = self._model(**inputs).logits[0, -1]
        if cache.get_seq_length() != past + ids.shape[1]:
            raise ContextError(
                f"The cache has {cache.get_seq_length()} rows instead of {past + ids.shape[1]}: "
                "this version of transformers keeps caches in another way; install a supported one."
            )
        return logits.float()

    @staticmethod
    def width(positions: torch.Tensor) -> int:
        """By how much a block with these positions, from 0 on, moves the next position."""
        return int(positions.max()) + 1

    @staticmethod
    def parts(block: Block, positions: torch.Tensor) -> tuple[Part, ...]:
        """The parts of a segment made of this block, with their widths read off its positions from 0 on."""
        ends, at = [], 0
        for stretch in block.stretches:
            at += stretch.tokens
            # Every stretch begins with text, which has the same position on all axes.
            ends.append(int(positions[0, 0, at]) if at < positions.shape[-1] else Runner.width(positions))
        starts = [0, *ends]
        return tuple(
            Part(stretch.kind, stretch.tokens, end - start)
            for stretch, start, end in zip(block.stretches, starts, ends, strict=False)
        )

    @staticmethod
    def rows(cache: Any, skip: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values without the first ``skip`` rows, copied: (layers, kv_heads, tokens, head_dim)."""
        keys = torch.stack([layer.keys[0, :, skip:] for layer in cache.layers])
        values = torch.stack([layer.values[0, :, skip:] for layer in cache.layers])
        return keys, values

    def _ids(self, block: Block) -> tuple[torch.Tensor, torch.Tensor]:
        ids = torch.tensor([block.token_ids], dtype=torch.long, device=self._model.device)
        return ids, (ids == self._pad).int()
