"""The one place where the model computes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from jarvis_memory.kv import Context, Inputs, Part
from jarvis_retrievers.errors import ContextError, WindowError

from .block import Block
from .families import Family, reach_of
from .images import Pixels

__all__ = ["Runner"]


class Runner:
    """Runs new tokens behind a cache, on the language model itself.

    Positions are always given, and image tokens come as the vision tower's features, so that nothing depends
    on what the module remembers of its last call (``rope_deltas``), threads may share it, and stored features
    stand where pixels would. The mask covers the cache and the new tokens.
    """

    def __init__(self, model: Any, family: Family, pad: int, name: str) -> None:
        self._model = model
        self._name = name
        self._family = family
        self._pad = pad
        self.window = family.shape(model.config).window
        self.reach = reach_of(model.config)

    @property
    def config(self) -> Any:
        """The config of the language model."""
        return self._model.config.get_text_config()

    @property
    def text(self) -> Any:
        """The language model."""
        return self._family.text(self._model)

    def check_room(self, positions: int, what: str) -> None:
        """Refuse more positions than the model was made for.

        Raises:
            WindowError: ``positions`` is more than the window.
        """
        if positions > self.window:
            raise WindowError(
                f"{what} would take {positions} positions, the window of {self._name!r} has {self.window}; "
                "leave out concepts or patches, or ask for a shorter answer."
            )

    def inputs(self, block: Block) -> Inputs:
        """What the language model is given for a block: positions from 0 on, and the features of its images.

        This is where the vision tower runs. Rows that are left out are not among them; the others keep the
        positions that they have with them.
        """
        inputs = Inputs(block.token_ids, self.places(block).cpu().long(), self.features(block.pixels))
        if not block.left_out:
            return inputs
        kept = torch.ones(inputs.tokens, dtype=torch.bool)
        kept[list(block.left_out)] = False
        return inputs.chosen(kept, torch.tensor(block.token_ids) == self._pad)

    def features(self, pixels: Pixels | None) -> torch.Tensor:
        """(levels, image tokens, hidden) what the vision tower makes of images; of none, it does not run."""
        if pixels is None:
            return self.unseen
        device = self._model.device
        values = pixels.values.to(device=device, dtype=self._model.dtype)
        grid = None if pixels.grid is None else pixels.grid.to(device)
        with torch.no_grad():
            return self._family.features(self._model, replace(pixels, values=values, grid=grid))

    def places(self, block: Block) -> torch.Tensor:
        """(axes, tokens) positions of a block from 0 on; the vision tower does not run."""
        ids = self._ids(block.token_ids)
        pixels = block.pixels
        grid = None if pixels is None or pixels.grid is None else pixels.grid.to(ids.device)
        return self._family.positions(self._model, ids, (ids == self._pad).int(), grid)[:, 0]

    def embeddings(self, inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
        """(1, tokens, hidden) input embeddings, and (tokens,) which of them are image tokens."""
        ids = self._ids(inputs.token_ids)
        images = (ids == self._pad)[0]
        embeds = self.embed(ids)
        if not inputs.seen:  # a model may say the pad id; then it is a word like any other
            return embeds, torch.zeros_like(images)
        if inputs.seen != int(images.sum()):
            raise ContextError(
                f"There are {int(images.sum())} image tokens and {inputs.seen} features of such; "
                "encode the segment again from its sources."
            )
        embeds = embeds.clone()
        embeds[0, images] = inputs.features[0].to(embeds)
        return embeds, images

    def positions(self, inputs: Inputs) -> torch.Tensor:
        """(axes, 1, tokens) positions from 0 on, on the model's device."""
        return inputs.positions[:, None].to(self._model.device)

    def run(self, inputs: Inputs, start: int, cache: Any) -> torch.Tensor:
        """Compute new tokens; their keys and values are appended to the cache.

        Args:
            inputs: The new tokens, at least one.
            start: The position of the first of them.
            cache: Of ``transformers``; it grows by as many rows.

        Returns:
            (vocabulary,) logits in float32 of what follows the last token.
        """
        past = int(cache.get_seq_length())
        with torch.no_grad():
            embeds, images = self.embeddings(inputs)
            logits = self.step(
                embeds=embeds,
                positions=self.positions(inputs) + start,
                mask=torch.ones(1, past + inputs.tokens, dtype=torch.long, device=embeds.device),
                cache=cache,
                features=inputs.features,
                images=images[None],
            )
        return logits[0]

    def step(
        self,
        *,
        embeds: torch.Tensor,
        positions: torch.Tensor,
        mask: torch.Tensor,
        cache: Any,
        features: torch.Tensor | None = None,
        images: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """One pass of the language model.

        Args:
            embeds: (B, L, hidden) input embeddings of the new tokens.
            positions: (axes, B, L) of them.
            mask: (B, past + L), 1 where a row may be seen.
            cache: Grows by L rows.
            features: (levels, image tokens, hidden) of all rows, one row after the other.
            images: (B, L) which tokens they belong to.

        Returns:
            (B, vocabulary) float32 logits of what follows the last tokens.
        """
        total = int(cache.get_seq_length()) + embeds.shape[1]
        more = {} if features is None or images is None else self._family.deep(features, images)
        hidden = self.text(
            inputs_embeds=embeds,
            attention_mask=self._family.masks(self._model, mask, embeds, images),
            position_ids=(positions[0] if len(positions) == 1 else positions).to(embeds.device),
            past_key_values=cache,
            use_cache=True,
            **more,
        ).last_hidden_state
        if cache.get_seq_length() != total:
            raise ContextError(
                f"The cache has {cache.get_seq_length()} rows instead of {total}: "
                "this version of transformers keeps caches in another way; install a supported one."
            )
        logits: torch.Tensor = self._model.lm_head(hidden[:, -1])
        return logits.float()

    def rotary(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines (tokens, rotary_dim / 2) of positions (axes, tokens), not scaled."""
        return self._family.rotary(self._model, positions)

    @property
    def axes(self) -> int:
        """Axes of a position."""
        return self._family.axes

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """(B, L, hidden) embeddings of words."""
        embeds: torch.Tensor = self._model.get_input_embeddings()(ids.to(self._model.device))
        return embeds

    def token(self, token: int) -> Inputs:
        """One generated token."""
        return Inputs((token,), torch.zeros(self._family.axes, 1, dtype=torch.long), self.unseen)

    @property
    def unseen(self) -> torch.Tensor:
        """The features of no image."""
        weight: torch.Tensor = self._model.get_input_embeddings().weight
        return weight.detach().new_empty(self._family.levels(self._model.config), 0, weight.shape[-1])

    def begin(self, memory: Context, asked: Inputs, room: int) -> tuple[Any, Inputs, int]:
        """A cache of a context, the new tokens behind it, and the position of the first of them.

        A context without rows is computed together with the question.

        Args:
            memory: The context.
            asked: The question.
            room: How many tokens may follow it.
        """
        if memory.inputs is None:
            return memory.cache(asked.tokens + room), asked, memory.next_position
        from transformers import DynamicCache

        cache = DynamicCache(config=self.config)
        return cache, Inputs.join([memory.inputs, asked]), 0

    def blank(self) -> torch.Tensor:
        """(layers, kv_heads, 0, head_dim) the keys, or the values, of no token."""
        shape = self._family.shape(self._model.config)
        return self.unseen.new_empty(shape.layers, shape.kv_heads, 0, shape.head_dim)

    def no_rows(self, tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values (0, kv_heads, tokens, head_dim), where none can be stored."""
        shape = self._family.shape(self._model.config)
        keys = self.unseen.new_empty(0, shape.kv_heads, tokens, shape.head_dim)
        return keys, keys

    @staticmethod
    def rows(cache: Any, skip: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values without the first ``skip`` rows, copied: (layers, kv_heads, tokens, head_dim)."""
        keys = torch.stack([layer.keys[0, :, skip:] for layer in cache.layers])
        values = torch.stack([layer.values[0, :, skip:] for layer in cache.layers])
        return keys, values

    def parts(self, block: Block, inputs: Inputs) -> tuple[Part, ...]:
        """The parts of a segment made of this block, with their widths read off its positions."""
        parts, begin, at, before = [], 0, 0, 0
        for stretch in block.stretches:
            rows = range(begin, begin + stretch.tokens)
            begin += stretch.tokens
            out = sum(row in rows for row in block.left_out)
            seen = block.token_ids[rows.start : rows.stop].count(self._pad) - out
            at += stretch.tokens - out
            # Every stretch begins with text, which has the same position on all axes.
            end = int(inputs.positions[0, at]) if at < inputs.tokens else inputs.width
            parts.append(Part(stretch.kind, stretch.tokens - out, end - before, seen))
            before = end
        return tuple(parts)

    def _ids(self, token_ids: tuple[int, ...]) -> torch.Tensor:
        return torch.tensor([token_ids], dtype=torch.long, device=self._model.device)
