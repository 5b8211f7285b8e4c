"""What the language model is given, before it computes anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, replace

import torch

from jarvis_retrievers.errors import ContextError

from .rows import is_finite

__all__ = ["Inputs"]


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Tokens, their positions, and what the vision tower made of the images among them.

    Enough to compute keys and values anew, wherever they stand and whatever stands before them, without
    looking at a picture.

    Attributes:
        token_ids: One id per row; the pad id where an image token stands.
        positions: (axes, tokens) int64 positions from 0 on; 3 axes under M-RoPE, else 1.
        features: (levels, image tokens, hidden) outputs of the vision tower: the input embeddings, then what
            DeepStack adds behind the first layers (arXiv 2406.04334), one level per layer.
        finite: Whether to look at every number. Not needed for numbers that were looked at before.

    Raises:
        ContextError: Shapes and numbers disagree, or a feature is not finite.
    """

    token_ids: tuple[int, ...]
    positions: torch.Tensor
    features: torch.Tensor
    finite: InitVar[bool] = True

    def __post_init__(self, finite: bool) -> None:
        tokens = len(self.token_ids)
        if self.positions.shape not in ((1, tokens), (3, tokens)) or self.positions.dtype != torch.int64:
            raise ContextError(
                f"Positions are int64 (1 or 3, {tokens}), "
                f"got {self.positions.dtype} {tuple(self.positions.shape)}."
            )
        if tokens and int(self.positions.min()) < 0:
            raise ContextError(f"Positions are 0 or more, got {int(self.positions.min())}.")
        if self.features.ndim != 3 or not len(self.features) or self.features.shape[1] > tokens:
            raise ContextError(
                f"Features are (levels, at most {tokens} image tokens, hidden), "
                f"got the shape {tuple(self.features.shape)}."
            )
        if not self.features.is_floating_point() or (finite and not is_finite(self.features)):
            raise ContextError("Features are finite numbers; encode the segment again from its sources.")

    @property
    def tokens(self) -> int:
        """How many rows of a cache they take."""
        return len(self.token_ids)

    @property
    def width(self) -> int:
        """By how much they move the next position."""
        return int(self.positions.max()) + 1 if self.token_ids else 0

    @property
    def seen(self) -> int:
        """How many of the tokens come from the vision tower."""
        return int(self.features.shape[1])

    @property
    def nbytes(self) -> int:
        """Bytes of the features."""
        return self.features.numel() * self.features.element_size()

    def head(self, tokens: int, seen: int) -> Inputs:
        """The first ``tokens`` tokens, ``seen`` of them image tokens; tensors are views."""
        return Inputs(
            self.token_ids[:tokens], self.positions[:, :tokens], self.features[:, :seen], finite=False
        )

    def chosen(self, rows: torch.Tensor, images: torch.Tensor) -> Inputs:
        """Some of the rows, each at the position that it has among all.

        Args:
            rows: (tokens,) bool, which.
            images: (tokens,) bool, which are image tokens.
        """
        ids = tuple(i for i, kept in zip(self.token_ids, rows.tolist(), strict=True) if kept)
        features = self.features[:, rows[images].to(self.features.device)]
        return Inputs(ids, self.positions[:, rows], features, finite=False)

    def placed(self, place: Callable[[torch.Tensor], torch.Tensor]) -> Inputs:
        """The same with its features brought elsewhere, as ``place`` does it."""
        return replace(self, features=place(self.features), finite=False)

    @staticmethod
    def join(parts: Sequence[Inputs]) -> Inputs:
        """Several as one, each at the positions behind the one before it; at least one."""
        starts, at = [], 0
        for part in parts:
            starts.append(at)
            at += part.width
        kind = parts[0].features
        return Inputs(
            tuple(i for part in parts for i in part.token_ids),
            torch.cat([part.positions + start for part, start in zip(parts, starts, strict=True)], dim=1),
            torch.cat([part.features.to(kind) for part in parts], dim=1),
            finite=False,
        )
