"""Learned vectors in the place of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from jarvis_memory.kv import Inputs

if TYPE_CHECKING:
    from jarvis_memory.vlm import VLM

__all__ = ["soft_rows", "word_scale"]


def soft_rows(node: VLM, name: str, vectors: torch.Tensor) -> Inputs:
    """A concept as the model reads it: its name, vectors between the marks of a picture, its name.

    Positions are those of text: the vectors stand in a row, not in a grid. What DeepStack would add behind
    the first layers is nothing.

    Args:
        node: whose layout it is.
        name: of the concept.
        vectors: (k, hidden) input embeddings; gradients flow to them.
    """
    runner = node.parts.runner
    ids = node.segment_ids(name, "", 0, (len(vectors),))
    deeper = vectors.new_zeros(len(runner.unseen) - 1, *vectors.shape)
    positions = torch.arange(len(ids)).expand(runner.axes, -1).clone()
    return Inputs(ids, positions, torch.cat([vectors[None], deeper]), finite=False)


def word_scale(model: torch.nn.Module) -> float:
    """Root mean square of the numbers in the embeddings of words: learned vectors begin as large."""
    weight: torch.Tensor = model.get_input_embeddings().weight  # type: ignore[operator]
    return float(weight.detach().float().square().mean().sqrt())
