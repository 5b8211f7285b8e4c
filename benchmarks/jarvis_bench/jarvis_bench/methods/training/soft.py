"""Learned vectors in the place of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from jarvis_memory.kv import Inputs

from ...method import Introduction

if TYPE_CHECKING:
    from jarvis_memory.vlm import VLM

__all__ = ["noted_rows", "soft_rows", "told_of", "word_scale"]


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


def noted_rows(node: VLM, one: Introduction, vectors: torch.Tensor) -> Inputs:
    """The same behind the concept's profile."""
    from jarvis_memory.vlm import SegmentSource

    parts = node.parts
    profile = parts.layout.segment(SegmentSource(one.name, told_of(one)))
    soft = soft_rows(node, one.name, vectors)
    return Inputs.join([parts.runner.inputs(profile), soft]) if profile.token_ids else soft


def told_of(one: Introduction) -> str:
    """The profile that a concept's notes make."""
    from jarvis_memory.profile import build_profile, profile_text

    notes = [one.notes] if one.notes.strip() else []
    return profile_text(build_profile(one.name, notes, one.category or None))


def word_scale(model: torch.nn.Module) -> float:
    """Root mean square of the numbers in the embeddings of words: learned vectors begin as large."""
    weight: torch.Tensor = model.get_input_embeddings().weight  # type: ignore[operator]
    return float(weight.detach().float().square().mean().sqrt())
