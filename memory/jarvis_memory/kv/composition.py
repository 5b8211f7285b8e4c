"""Composing segments into a context."""

from __future__ import annotations

from collections.abc import Sequence

from jarvis_retrievers.errors import ContextError, FingerprintError

from .context import Context
from .modes import Mode
from .move import rotate_keys
from .prefix import Prefix
from .segment import Segment

__all__ = ["compose"]


def compose(prefix: Prefix, segments: Sequence[Segment]) -> Context:
    """Put segments behind the prefix, one after the other, each moved to its new place.

    Keys are turned once, from the position they were encoded at; values carry no position and stay. The first
    segment does not move and is lossless. Later ones have the right positions, but have not attended to those
    before them. Segments in another dtype or on another device than the prefix are brought to it. No given
    tensor is written to, and each is copied once, layer by layer, straight to its place.

    Args:
        prefix: What every segment was encoded behind.
        segments: In the order in which the model shall read them; may be empty.

    Returns:
        A context of new tensors; all of its rows count as reused.

    Raises:
        FingerprintError: A segment was made by another model, or behind another prefix.
        ContextError: A segment has another shape, or starts elsewhere than behind this prefix.
    """
    for number, segment in enumerate(segments, start=1):
        _check(prefix, segment, number)
    layers, heads, head, dim = prefix.keys.shape
    rows = head + sum(segment.tokens for segment in segments)
    keys, values = (prefix.keys.new_empty(layers, heads, rows, dim) for _ in range(2))
    keys[:, :, :head], values[:, :, :head] = prefix.keys, prefix.values
    token_ids, position, at = list(prefix.token_ids), prefix.width, head
    for segment in segments:
        end, offset = at + segment.tokens, position - segment.start
        for layer in range(layers):
            moved = rotate_keys(segment.keys[layer].to(keys.device), offset, prefix.inv_freq)
            keys[layer, :, at:end] = moved
        values[:, :, at:end] = segment.values
        token_ids += segment.token_ids
        position, at = position + segment.width, end
    return Context(
        keys=keys,
        values=values,
        token_ids=tuple(token_ids),
        next_position=position,
        reused=len(token_ids),
        mode=Mode.COMPOSE,
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
