"""Composing segments into a context."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from jarvis_retrievers.errors import ContextError, FingerprintError

from .context import Context
from .move import rotate_keys
from .prefix import Prefix
from .segment import Segment

__all__ = ["compose"]


def compose(prefix: Prefix, segments: Sequence[Segment]) -> Context:
    """Put segments behind the prefix, one after the other, each moved to its new place.

    Keys are turned once, from the position they were encoded at; values carry no position and stay. The first
    segment does not move and is lossless. Later ones have the right positions, but have not attended to those
    before them. Segments in another dtype or on another device than the prefix are brought to it. No given
    tensor is written to.

    Args:
        prefix: What every segment was encoded behind.
        segments: In the order in which the model shall read them; may be empty.

    Returns:
        A context of new tensors; all of its rows count as reused.

    Raises:
        FingerprintError: A segment was made by another model, or behind another prefix.
        ContextError: A segment has another shape, or starts elsewhere than behind this prefix.
    """
    keys, values, token_ids = [prefix.keys], [prefix.values], list(prefix.token_ids)
    position = prefix.width
    for number, segment in enumerate(segments, start=1):
        _check(prefix, segment, number)
        moved = rotate_keys(segment.keys.to(prefix.keys), position - segment.start, prefix.inv_freq)
        keys.append(moved)
        values.append(segment.values.to(prefix.values))
        token_ids += segment.token_ids
        position += segment.width
    return Context(
        keys=torch.cat(keys, dim=2),
        values=torch.cat(values, dim=2),
        token_ids=tuple(token_ids),
        next_position=position,
        reused=len(token_ids),
        fingerprint=prefix.fingerprint,
    )


def _check(prefix: Prefix, segment: Segment, number: int) -> None:
    if segment.fingerprint != prefix.fingerprint:
        raise FingerprintError(
            f"Segment {number} has the fingerprint {segment.fingerprint[:12]}, the model and its prefix have "
            f"{prefix.fingerprint[:12]}; encode it again from its sources."
        )
    layers, heads, _, dim = prefix.keys.shape
    if (*segment.keys.shape[:2], segment.keys.shape[3]) != (layers, heads, dim):
        raise ContextError(
            f"Segment {number} has the shape {tuple(segment.keys.shape)}, the prefix "
            f"{tuple(prefix.keys.shape)}; "
            "only the third number may differ. Encode it again from its sources."
        )
    if segment.start != prefix.width:
        raise ContextError(
            f"Segment {number} starts at position {segment.start}, but the prefix ends at {prefix.width}; "
            "encode it again from its sources."
        )
