"""What families have in common whose positions are plain numbers and whose images are tiles of one size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch

from ..images import ImageEncoder, Pixels, TileEncoder
from ..settings import ImageSettings
from .family import LanguageShape

__all__ = ["TileFamily", "rotary_of", "shape_of"]


def shape_of(text: Any) -> LanguageShape:
    """The numbers of a language model's config."""
    head_dim = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return LanguageShape(
        layers=int(text.num_hidden_layers),
        kv_heads=int(text.num_key_value_heads),
        head_dim=int(head_dim),
        window=int(text.max_position_embeddings),
    )


def rotary_of(table: Any, positions: torch.Tensor, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines (tokens, rotary_dim / 2) of a rotary module, float32, without its attention scaling.

    Args:
        table: ``rotary_emb`` of a language model.
        positions: As the module takes them, with a batch of one.
        device: Of the module.
    """
    half = table.inv_freq.numel()
    like = torch.zeros((), dtype=torch.float32, device=device)
    cos, sin = table(like, positions.to(device))
    # YaRN scales what it returns; stored keys have that scale already.
    return cos[0, :, :half] / table.attention_scaling, sin[0, :, :half] / table.attention_scaling


class TileFamily(ABC):
    """Plain positions, one rotary table, every image one tile. A family adds where its things are."""

    axes = 1
    windows = False
    name: str
    model_type: str

    def matches(self, config: Any) -> bool:
        """Whether a transformers config is of this family."""
        return getattr(config, "model_type", None) == self.model_type

    def shape(self, config: Any) -> LanguageShape:
        """The numbers of its language model."""
        return shape_of(config.text_config)

    def side(self, config: Any) -> int:
        """Side in pixels of a tile."""
        size = config.vision_config.image_size
        return int(size if isinstance(size, int) else size[0])

    @abstractmethod
    def tokens(self, config: Any) -> int:
        """Tokens of a tile."""

    def features(self, model: Any, pixels: Pixels) -> torch.Tensor:
        """(1, tokens, hidden) input embeddings of the images; see :class:`Family`."""
        made = model.model.get_image_features(pixels.values).pooler_output
        return made.reshape(1, -1, made.shape[-1])  # type: ignore[no-any-return]

    def images(self, config: Any, processor: Any, settings: ImageSettings) -> ImageEncoder:
        """Every image as one tile; the settings change nothing."""
        return TileEncoder(processor.image_processor, self.side(config), self.tokens(config))

    def text(self, model: Any) -> Any:
        """Its language model."""
        return model.model.language_model

    def inv_freq(self, model: Any) -> torch.Tensor:
        """(rotary_dim / 2,) bare rotary frequencies of the language model."""
        table: torch.Tensor = self.text(model).rotary_emb.inv_freq
        return table.detach()

    def rotary(self, model: Any, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines (tokens, rotary_dim / 2); see :class:`Family`."""
        return rotary_of(self.text(model).rotary_emb, positions, model.device)

    def levels(self, config: Any) -> int:
        """The input embeddings alone."""
        return 1

    def deep(self, features: torch.Tensor, images: torch.Tensor) -> dict[str, Any]:
        """Nothing."""
        return {}

    def masks(self, model: Any, mask: torch.Tensor, embeds: torch.Tensor, images: torch.Tensor | None) -> Any:
        """As it is: causal in all layers."""
        return mask

    def positions(
        self, model: Any, input_ids: torch.Tensor, type_ids: torch.Tensor, grid: torch.Tensor | None
    ) -> torch.Tensor:
        """(1, 1, L): one after the other."""
        return torch.arange(input_ids.shape[1], device=input_ids.device)[None, None]
