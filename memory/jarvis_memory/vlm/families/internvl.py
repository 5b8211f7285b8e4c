"""InternVL: a ViT, pixel shuffle, and a language model with plain positions."""

from __future__ import annotations

from typing import Any

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
