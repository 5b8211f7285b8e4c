"""SmolVLM and Idefics3: SigLIP, pixel shuffle, and a Llama with plain positions."""

from __future__ import annotations

from typing import Any

import torch

from ..images import Pixels
from .family import ImageTokens
from .tiles import TileFamily

__all__ = ["SmolVLM"]


class SmolVLM(TileFamily):
    """SmolVLM (arXiv 2504.05299) and Idefics3 (arXiv 2408.12637), without splitting of images."""

    name = "SmolVLM"
    model_type = "smolvlm"

    def matches(self, config: Any) -> bool:
        """Whether a transformers config is of this family."""
        return getattr(config, "model_type", None) in (self.model_type, "idefics3")

    def tokens(self, config: Any) -> int:
        """Cells of the tower, fewer by the pixel shuffle."""
        cells = self.side(config) // int(config.vision_config.patch_size)
        return cells**2 // int(config.scale_factor) ** 2

    def image_tokens(self, config: Any, processor: Any) -> ImageTokens:
        """``<fake_token_around_image><global-img>``, the image, ``<fake_token_around_image>``."""
        # Their processors call the second one by different names.
        whole_name = getattr(processor, "global_image_token", None) or processor.global_image_tag
        fake, whole = (
            int(processor.tokenizer.convert_tokens_to_ids(str(name)))
            for name in (processor.fake_image_token, whole_name)
        )
        return ImageTokens((fake, whole), int(config.image_token_id), (fake,))

    def text(self, model: Any) -> Any:
        """Its language model."""
        return model.model.text_model

    def features(self, model: Any, pixels: Pixels) -> torch.Tensor:
        """(1, tokens, hidden) input embeddings of the images; see :class:`Family`."""
        made = model.model.get_image_features(pixels.values[None]).pooler_output
        return torch.cat([x.reshape(-1, x.shape[-1]) for x in made])[None]
