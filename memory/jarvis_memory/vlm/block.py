"""A run of new tokens, with the images that stand in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from .images import Pixels

__all__ = ["Block", "Stretch"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """How many tokens of a block belong to the profile, or to one patch."""

    kind: Literal["profile", "patch"]
    tokens: int


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A run of new tokens, with the images that stand in it.

    Attributes:
        token_ids: The tokens, each image as one pad token per image token.
        pixels: The images in the order in which they stand, or ``None``.
        stretches: For what becomes a segment: what its tokens belong to, from the first on. Else empty.
        left_out: Rows of image tokens that the vision tower sees and that have their positions, but that the
            language model is not given; ascending.
    """

    token_ids: tuple[int, ...]
    pixels: Pixels | None = None
    stretches: tuple[Stretch, ...] = ()
    left_out: tuple[int, ...] = ()

    @staticmethod
    def join(blocks: Sequence[Block]) -> Block:
        """Several blocks as one, in order."""
        starts = [0, *accumulate(len(block.token_ids) for block in blocks)]
        return Block(
            token_ids=tuple(i for block in blocks for i in block.token_ids),
            pixels=Pixels.join([block.pixels for block in blocks if block.pixels is not None]),
            stretches=tuple(s for block in blocks for s in block.stretches),
            left_out=tuple(
                start + row for start, block in zip(starts, blocks, strict=False) for row in block.left_out
            ),
        )
