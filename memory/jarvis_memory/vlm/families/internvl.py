"""InternVL: a ViT, pixel shuffle, and a language model with plain positions."""

from __future__ import annotations

from typing import Any

import torch

from ..images import Pixels
from .family import ImageTokens
from .tiles import TileFamily

__all__ = ["InternVL"]


class InternVL(TileFamily):
    """InternVL3 and its kin in transformers' own classes (arXiv 2504.10479), one tile an image."""

    name = "InternVL"
    model_type = "internvl"

    def tokens(self, config: Any) -> int:
        """Cells of the ViT, fewer by the pixel shuffle."""
        patch = config.vision_config.patch_size
        cells = self.side(config) // int(patch if isinstance(patch, int) else patch[0])
        return int(cells * config.downsample_ratio) ** 2

    def image_tokens(self, config: Any, processor: Any) -> ImageTokens:
        """``<img>``, the image, ``</img>``."""
        tokenizer = processor.tokenizer
        start, end = (
            tokenizer.convert_tokens_to_ids(getattr(processor, name))
            for name in ("start_image_token", "end_image_token")
        )
        return ImageTokens((int(start),), int(config.image_token_id), (int(end),))

    def features(self, model: Any, pixels: Pixels) -> torch.Tensor:
        """(1, tokens, hidden) input embeddings of the images; see :class:`Family`."""
        made = model.model.get_image_features(pixels.values).pooler_output
        return made.reshape(1, -1, made.shape[-1])  # type: ignore[no-any-return]
