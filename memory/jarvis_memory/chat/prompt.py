"""What the model computes for a conversation, and what each row of it depends on."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import torch
from PIL import Image

from jarvis_memory.kv import Inputs
from jarvis_memory.vlm.block import Block
from jarvis_memory.vlm.families import ImageTokens
from jarvis_memory.vlm.images import ImageEncoder, Pixels
from jarvis_memory.vlm.runner import Runner
from jarvis_retrievers.images import pixel_digest

from .template import Piece

__all__ = ["Prompt", "make_prompt"]


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """A run of new tokens with its images, of which the first ones may be known already.

    Attributes:
        token_ids: each image as one pad token per image token.
        labels: one per token: its id, or which token of which image it is.
        positions: (axes, tokens) from 0 on.
        pixels: of each image.
        starts: of each image, where its tokens begin.
    """

    token_ids: tuple[int, ...]
    labels: tuple[Hashable, ...]
    positions: torch.Tensor
    pixels: tuple[Pixels, ...]
    starts: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """How many rows it takes."""
        return len(self.token_ids)

    @property
    def width(self) -> int:
        """By how much it moves the next position."""
        return int(self.positions.max()) + 1 if self.token_ids else 0

    def inputs(self, runner: Runner, skip: int = 0) -> Inputs:
        """What the model is given behind the first ``skip`` tokens; no image before that is looked at."""
        ends = [at + pixels.counts[0] for at, pixels in zip(self.starts, self.pixels, strict=True)]
        first = next((n for n, end in enumerate(ends) if end > skip), len(ends))
        features = runner.features(Pixels.join(self.pixels[first:]))
        if first < len(ends):
            features = features[:, max(0, skip - self.starts[first]) :]
        return Inputs(self.token_ids[skip:], self.positions[:, skip:], features)


def make_prompt(
    pieces: Sequence[Piece],
    runner: Runner,
    images: ImageEncoder,
    tokens: ImageTokens,
    line_break: Sequence[int],
) -> Prompt:
    """A prompt of tokens and images; behind each image stands a line break, as in every question.

    Raises:
        ImageError: an image cannot be used.
    """
    ids: list[int] = []
    labels: list[Hashable] = []
    pixels: list[Pixels] = []
    starts: list[int] = []
    for piece in pieces:
        if not isinstance(piece, Image.Image):
            ids += piece
            labels += piece
            continue
        one, digest = images.question([piece]), pixel_digest(piece)
        ids += tokens.start
        labels += tokens.start
        starts.append(len(ids))
        ids += [tokens.pad] * one.counts[0]
        labels += [(digest, number) for number in range(one.counts[0])]
        ids += [*tokens.end, *line_break]
        labels += [*tokens.end, *line_break]
        pixels.append(one)
    block = Block(tuple(ids), Pixels.join(pixels))
    places: Callable[[Block], torch.Tensor] = runner.places
    return Prompt(tuple(ids), tuple(labels), places(block).cpu().long(), tuple(pixels), tuple(starts))
