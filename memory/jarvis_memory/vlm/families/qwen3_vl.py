"""Qwen3-VL: interleaved M-RoPE and DeepStack."""

from __future__ import annotations

from typing import Any

import torch

from ..images import Pixels
from .qwen2_5_vl import Qwen25VL

__all__ = ["Qwen3VL"]


class Qwen3VL(Qwen25VL):
    """Qwen3-VL (arXiv 2511.21631): M-RoPE with interleaved axes, and DeepStack.

    Where things stand is as in Qwen2.5-VL. Interleaving does not matter to a move, which is the same on all
    axes. DeepStack adds visual features behind the first layers: stored keys and values have them already,
    and what is computed anew gets them again.
    """

    name = "Qwen3-VL"
    model_type = "qwen3_vl"

    def levels(self, config: Any) -> int:
        """The input embeddings, and those that DeepStack adds."""
        return 1 + len(config.vision_config.deepstack_visual_indexes)

    def deep(self, features: torch.Tensor, images: torch.Tensor) -> dict[str, Any]:
        """Where and what DeepStack adds; see :class:`Family`."""
        if not features.shape[1]:
            return {}
        return {"visual_pos_masks": images, "deepstack_visual_embeds": list(features[1:])}

    def features(self, model: Any, pixels: Pixels) -> torch.Tensor:
        """(1 + DeepStack levels, tokens, hidden); see :class:`Family`."""
        made = model.model.get_image_features(pixels.values, pixels.grid)
        # In some versions the levels come as one tensor each, in others split by image.
        levels = [x if isinstance(x, torch.Tensor) else torch.cat(list(x)) for x in made.deepstack_features]
        return torch.stack([torch.cat(list(made.pooler_output)), *levels])
