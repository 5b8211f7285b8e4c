"""Gemma 3: layers with a sliding window, a rotary table for each kind of layer, images seen whole."""

from __future__ import annotations

from typing import Any

import torch

from .family import ImageTokens
from .tiles import TileFamily

__all__ = ["Gemma3"]


class Gemma3(TileFamily):
    """Gemma 3 (arXiv 2503.19786), every image as one tile, whose tokens all see each other.

    All rows are kept, also those that have left the window of a layer; the masks leave them out.
    """

    name = "Gemma 3"
    model_type = "gemma3"
    windows = True

    def tokens(self, config: Any) -> int:
        """What the projector makes of a tile."""
        return int(config.mm_tokens_per_image)

    def image_tokens(self, config: Any, processor: Any) -> ImageTokens:
        """An empty line, ``<start_of_image>``, the image, ``<end_of_image>``, an empty line."""
        tokenizer = processor.tokenizer
        gap = tuple(int(i) for i in tokenizer("\n\n", add_special_tokens=False)["input_ids"])
        start, end = (
            int(tokenizer.convert_tokens_to_ids(str(name)))
            for name in (tokenizer.boi_token, tokenizer.eoi_token)
        )
        return ImageTokens((*gap, start), int(config.image_token_id), (end, *gap))

    def inv_freq(self, model: Any) -> torch.Tensor:
        """(rotary_dim / 2,) those of the layers without a window; no segment is moved by them."""
        table: torch.Tensor = self.text(model).rotary_emb.full_attention_inv_freq
        return table.detach()

    def rotary(self, model: Any, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines (layers, 1, tokens, rotary_dim / 2), each layer's own; see :class:`Family`."""
        text = self.text(model)
        like = torch.zeros((), dtype=torch.float32, device=model.device)
        tables = {}
        for kind in set(text.config.layer_types):
            cos, sin = text.rotary_emb(like, positions.to(model.device), kind)
            half = cos.shape[-1] // 2
            scaling = getattr(text.rotary_emb, f"{kind}_attention_scaling")
            tables[kind] = torch.stack([cos[0, :, :half], sin[0, :, :half]]) / scaling
        cos, sin = torch.stack([tables[kind] for kind in text.config.layer_types], dim=1)[:, :, None]
        return cos, sin

    def masks(
        self, model: Any, mask: torch.Tensor, embeds: torch.Tensor, images: torch.Tensor | None
    ) -> dict[str, torch.Tensor]:
        """One mask for each kind of layer; see :class:`Family`.

        A window counts the tokens that are there: padding in between does not make it shorter.
        """
        new = embeds.shape[1]
        rank = mask.cumsum(1)
        columns = torch.arange(mask.shape[1], device=mask.device)
        causal = (columns <= columns[-new:, None]) & mask.bool()[:, None]
        near = rank[:, -new:, None] - rank[:, None] < self.text(model).config.sliding_window
        sees = {"full_attention": causal, "sliding_attention": causal & near}
        if images is not None:
            begins = images & ~torch.nn.functional.pad(images, (1, 0))[:, :-1]
            of = begins.long().cumsum(1) * images
            whole = (of[:, :, None] == of[:, None]) & images[:, None]
            old = mask.shape[1] - new
            sees = {kind: seen | torch.nn.functional.pad(whole, (old, 0)) for kind, seen in sees.items()}
        least = torch.finfo(embeds.dtype).min
        return {
            kind: torch.zeros_like(seen, dtype=embeds.dtype).masked_fill(~seen, least)[:, None]
            for kind, seen in sees.items()
        }
