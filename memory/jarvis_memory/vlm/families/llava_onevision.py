"""LLaVA-OneVision: SigLIP, a projector, and Qwen2 with plain positions."""

from __future__ import annotations

from typing import Any

import torch

from ..images import Pixels
from .family import ImageTokens
from .tiles import TileFamily

__all__ = ["LlavaOnevision"]


class LlavaOnevision(TileFamily):
    """LLaVA-OneVision (arXiv 2408.03326), every image as the one tile that it makes of several images."""

    name = "LLaVA-OneVision"
    model_type = "llava_onevision"

    def tokens(self, config: Any) -> int:
        """Cells of the tower, and the line break that closes an image."""
        return (self.side(config) // int(config.vision_config.patch_size)) ** 2 + 1

    def image_tokens(self, config: Any, processor: Any) -> ImageTokens:
        """The image, with nothing around it."""
        return ImageTokens((), int(config.image_token_id), ())

    def features(self, model: Any, pixels: Pixels) -> torch.Tensor:
        """(1, tokens, hidden) input embeddings of the images; see :class:`Family`."""
        count, side = len(pixels.values), pixels.values.shape[-1]
        sizes = torch.tensor([[side, side]] * count, device=pixels.values.device)
        # With "two or more" images in a sample it cuts none of them into further tiles.
        several = torch.tensor([max(2, count)], device=pixels.values.device)
        made = model.model.get_image_features(pixels.values, sizes, batch_num_images=several).pooler_output
        return torch.cat(list(made))[None]
