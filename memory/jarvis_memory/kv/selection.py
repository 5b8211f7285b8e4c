"""Which rows of a composed context are computed anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import torch

from jarvis_retrievers.errors import SettingError

from .segment import Segment

__all__ = ["Repair", "later_rows", "linked_rows", "moved_most"]


@dataclass(frozen=True, slots=True)
class Repair:
    """How much of the later segments is computed anew.

    Attributes:
        link_tokens: ``link``: how many patch tokens of each, besides its profile.
        blend_share: ``blend``: which share of their tokens goes through all layers.
        check_layer: ``blend``: the last layer that all of them go through; it says which go on.

    Raises:
        SettingError: a number is out of its range.
    """

    link_tokens: int = 16
    blend_share: float = 0.16
    check_layer: int = 1

    def __post_init__(self) -> None:
        if self.link_tokens < 0 or self.check_layer < 0:
            raise SettingError(
                f"link_tokens and check_layer are 0 or more, got {self.link_tokens} and {self.check_layer}."
            )
        if not 0 < self.blend_share <= 1:
            raise SettingError(f"blend_share is above 0 and at most 1, got {self.blend_share}.")


def later_rows(segments: Sequence[Segment], first: int, sound: int = 1) -> list[int]:
    """All rows of the segments behind the first ``sound`` ones; the first segment begins at row ``first``."""
    start = first + sum(segment.tokens for segment in segments[:sound])
    return list(range(start, start + sum(segment.tokens for segment in segments[sound:])))


def linked_rows(segments: Sequence[Segment], first: int, patch_tokens: int, sound: int = 1) -> list[int]:
    """The profile rows and the first ``patch_tokens`` patch rows of each segment behind the first ones.

    What goes wrong at the beginning of a segment spreads to all that follows, and text is what binds a
    concept to the others (MPIC, section 4: all text and the first tokens of each image).

    Args:
        segments: In the order of the context.
        first: The row where the first of them begins.
        patch_tokens: How many patch rows of each.
        sound: How many of the first ones are where they were encoded, and need nothing: 1, or 0 where
            something else stands in the prefix's place.
    """
    rows: list[int] = []
    at = first
    for number, segment in enumerate(segments):
        if number >= sound:
            rows += range(at, at + min(segment.tokens, segment.parts[0].tokens + patch_tokens))
        at += segment.tokens
    return rows


def moved_most(old: torch.Tensor, new: torch.Tensor, share: float) -> torch.Tensor:
    """The rows whose values changed most, in order (CacheBlend, section 4.3: sum of squares of the change).

    Args:
        old: (kv_heads, rows, head_dim) values as stored.
        new: The same shape, computed behind what stands before them now.
        share: Which share of the rows, rounded up.

    Returns:
        (chosen,) int64 indices into the rows, ascending.
    """
    change = (new.float() - old.float()).square().sum(dim=(0, 2))
    chosen = change.topk(min(change.numel(), ceil(share * change.numel()))).indices
    return chosen.sort().values
