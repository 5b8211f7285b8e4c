"""What the rest of the package has to know of an architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch

from ..images import ImageEncoder, Pixels
from ..settings import ImageSettings

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
        start: The ids before an image.
        pad: The id that stands for each of its tokens.
        end: The ids behind it.
    """

    start: tuple[int, ...]
    pad: int
    end: tuple[int, ...]


@runtime_checkable
class Family(Protocol):
    """One architecture: where its rotary table is, and how it makes positions. Stateless."""

    @property
    def name(self) -> str:
        """The name for people, such as ``Qwen3-VL``."""

    @property
    def model_type(self) -> str:
        """``config.model_type`` of its models."""

    @property
    def axes(self) -> int:
        """Axes of a position: 3 under M-RoPE, else 1."""

    @property
    def windows(self) -> bool:
        """Whether its masks (:meth:`masks`) keep layers with a sliding window right behind stored rows."""

    def matches(self, config: Any) -> bool:
        """Whether a transformers config is of this family."""

    def shape(self, config: Any) -> LanguageShape:
        """The numbers of its language model."""

    def image_tokens(self, config: Any, processor: Any) -> ImageTokens:
        """How images stand in its prompts."""

    def images(self, config: Any, processor: Any, settings: ImageSettings) -> ImageEncoder:
        """What makes the numbers of its vision tower.

        Raises:
            SettingError: The settings do not fit the model.
        """

    def inv_freq(self, model: Any) -> torch.Tensor:
        """(rotary_dim / 2,) bare rotary frequencies of the language model, without any attention scaling."""

    def text(self, model: Any) -> Any:
        """Its language model: with ``embed_tokens``, ``rotary_emb`` and ``layers``."""

    def rotary(self, model: Any, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines (tokens, rotary_dim / 2), float32, of positions (axes, tokens), not scaled.

        Where layers have tables of their own: (layers, 1, tokens, rotary_dim / 2).
        """

    def levels(self, config: Any) -> int:
        """How many levels of features an image has: 1, and one for each layer that DeepStack adds to."""

    def deep(self, features: torch.Tensor, images: torch.Tensor) -> dict[str, Any]:
        """What the language model takes besides embeddings, where some tokens are of images.

        Args:
            features: (levels, image tokens, hidden).
            images: (B, tokens) which tokens they belong to.
        """

    def masks(self, model: Any, mask: torch.Tensor, embeds: torch.Tensor, images: torch.Tensor | None) -> Any:
        """What the language model takes as its mask.

        Args:
            model: The model of this family.
            mask: (B, rows) 1 where a row may be seen, the new tokens last.
            embeds: (B, L, hidden) of the new tokens.
            images: (B, L) which of them are of images, if any may be.
        """

    def features(self, model: Any, pixels: Pixels) -> torch.Tensor:
        """What the vision tower makes of images: (levels, tokens, hidden).

        Args:
            model: The model of this family.
            pixels: As :meth:`images` makes them, on its device and in its dtype.

        Returns:
            Level 0 stands where the image's tokens are; level i is added there behind layer i - 1.
        """

    def positions(
        self, model: Any, input_ids: torch.Tensor, type_ids: torch.Tensor, grid: torch.Tensor | None
    ) -> torch.Tensor:
        """Positions as if nothing stood before these tokens.

        Args:
            model: The model of this family.
            input_ids: (1, L).
            type_ids: (1, L), 1 where a token stands for an image, else 0.
            grid: (images, 3) time, height and width in cells, or ``None`` without such.

        Returns:
            (axes, 1, L) positions from 0 on; under M-RoPE on the time, height and width axes.
        """
