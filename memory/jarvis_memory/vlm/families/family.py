"""What the rest of the package has to know of an architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch

__all__ = ["Family", "ImageTokens", "LanguageShape"]


@dataclass(frozen=True, slots=True)
class LanguageShape:
    """The numbers of the language model that its KV cache depends on.

    Attributes:
        layers: How many layers have keys and values.
        kv_heads: Heads of keys and values per layer.
        head_dim: Numbers per head and token.
        window: The largest number of positions the model was made for.
    """

    layers: int
    kv_heads: int
    head_dim: int
    window: int


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """How images stand in a prompt.

    Attributes:
        start: The id before an image.
        pad: The id that stands for each of its tokens.
        end: The id behind it.
        merge: How many cells of the image grid, per side, make one token.
    """

    start: int
    pad: int
    end: int
    merge: int


@runtime_checkable
class Family(Protocol):
    """One architecture: where its rotary table is, and how it makes positions. Stateless."""

    @property
    def name(self) -> str:
        """The name for people, such as ``Qwen3-VL``."""

    @property
    def model_type(self) -> str:
        """``config.model_type`` of its models."""

    def matches(self, config: Any) -> bool:
        """Whether a transformers config is of this family."""

    def shape(self, config: Any) -> LanguageShape:
        """The numbers of its language model."""

    def image_tokens(self, config: Any) -> ImageTokens:
        """How images stand in its prompts."""

    def inv_freq(self, model: Any) -> torch.Tensor:
        """(rotary_dim / 2,) bare rotary frequencies of the language model, without any attention scaling."""

    def positions(
        self, model: Any, input_ids: torch.Tensor, type_ids: torch.Tensor, grid: torch.Tensor | None
    ) -> torch.Tensor:
        """Positions as if nothing stood before these tokens.

        Args:
            model: The model of this family.
            input_ids: (1, L).
            type_ids: (1, L), 1 where a token stands for an image, else 0.
            grid: (images, 3) time, height and width in cells, or ``None`` without images.

        Returns:
            (3, 1, L) positions on the time, height and width axes, from 0 on.
        """
