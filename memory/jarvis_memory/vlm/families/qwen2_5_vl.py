"""Qwen2.5-VL: sectioned M-RoPE."""

from __future__ import annotations

from typing import Any

import torch

from .family import ImageTokens, LanguageShape

__all__ = ["Qwen25VL"]


class Qwen25VL:
    """Qwen2.5-VL (arXiv 2502.13923): M-RoPE in sections of frequencies for time, height and width."""

    name = "Qwen2.5-VL"
    model_type = "qwen2_5_vl"

    def matches(self, config: Any) -> bool:
        """Whether a transformers config is of this family."""
        return getattr(config, "model_type", None) == self.model_type

    def shape(self, config: Any) -> LanguageShape:
        """The numbers of its language model."""
        text = config.text_config
        head_dim = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
        return LanguageShape(
            layers=int(text.num_hidden_layers),
            kv_heads=int(text.num_key_value_heads),
            head_dim=int(head_dim),
            window=int(text.max_position_embeddings),
        )

    def image_tokens(self, config: Any) -> ImageTokens:
        """How images stand in its prompts."""
        return ImageTokens(
            start=int(config.vision_start_token_id),
            pad=int(config.image_token_id),
            end=int(config.vision_end_token_id),
            merge=int(config.vision_config.spatial_merge_size),
        )

    def inv_freq(self, model: Any) -> torch.Tensor:
        """(rotary_dim / 2,) bare rotary frequencies of the language model, not of the vision tower."""
        table: torch.Tensor = model.model.language_model.rotary_emb.inv_freq
        return table.detach()

    def positions(
        self, model: Any, input_ids: torch.Tensor, type_ids: torch.Tensor, grid: torch.Tensor | None
    ) -> torch.Tensor:
        """(3, 1, L) positions from 0 on; see :class:`Family`."""
        positions: torch.Tensor
        # Only the returned positions count: the module's own rope_deltas belong to whoever called it last.
        positions, _ = model.model.get_rope_index(
            input_ids=input_ids, mm_token_type_ids=type_ids, image_grid_thw=grid
        )
        return positions
