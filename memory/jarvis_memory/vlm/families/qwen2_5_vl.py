"""Qwen2.5-VL: sectioned M-RoPE."""

from __future__ import annotations

from typing import Any

import torch

from ..images import GridEncoder, ImageEncoder, Pixels
from ..settings import ImageSettings
from .family import ImageTokens, LanguageShape
from .tiles import rotary_of, shape_of

__all__ = ["Qwen25VL"]


class Qwen25VL:
    """Qwen2.5-VL (arXiv 2502.13923): M-RoPE in sections of frequencies for time, height and width."""

    name = "Qwen2.5-VL"
    model_type = "qwen2_5_vl"
    axes = 3
    windows = False

    def matches(self, config: Any) -> bool:
        """Whether a transformers config is of this family."""
        return getattr(config, "model_type", None) == self.model_type

    def shape(self, config: Any) -> LanguageShape:
        """The numbers of its language model."""
        return shape_of(config.text_config)

    def image_tokens(self, config: Any, processor: Any) -> ImageTokens:
        """How images stand in its prompts."""
        return ImageTokens(
            start=(int(config.vision_start_token_id),),
            pad=int(config.image_token_id),
            end=(int(config.vision_end_token_id),),
        )

    def images(self, config: Any, processor: Any, settings: ImageSettings) -> ImageEncoder:
        """Images of any size, as a grid of cells."""
        return GridEncoder(processor.image_processor, settings)

    def inv_freq(self, model: Any) -> torch.Tensor:
        """(rotary_dim / 2,) bare rotary frequencies of the language model, not of the vision tower."""
        table: torch.Tensor = model.model.language_model.rotary_emb.inv_freq
        return table.detach()

    def text(self, model: Any) -> Any:
        """Its language model."""
        return model.model.language_model

    def rotary(self, model: Any, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines (tokens, rotary_dim / 2); see :class:`Family`."""
        return rotary_of(model.model.language_model.rotary_emb, positions[:, None], model.device)

    def levels(self, config: Any) -> int:
        """The input embeddings alone."""
        return 1

    def deep(self, features: torch.Tensor, images: torch.Tensor) -> dict[str, Any]:
        """Nothing."""
        return {}

    def features(self, model: Any, pixels: Pixels) -> torch.Tensor:
        """(1, tokens, hidden) input embeddings of the images; see :class:`Family`."""
        return torch.cat(list(model.model.get_image_features(pixels.values, pixels.grid).pooler_output))[None]

    def masks(self, model: Any, mask: torch.Tensor, embeds: torch.Tensor, images: torch.Tensor | None) -> Any:
        """As it is: causal in all layers."""
        return mask

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
