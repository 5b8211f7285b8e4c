"""Composing segments into a context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from jarvis_retrievers.errors import ContextError, FingerprintError

from .context import Context
from .modes import Mode
from .move import turn_rows, turns
from .prefix import Prefix
from .segment import Segment
from .streams import join_stream, side_stream

__all__ = ["compose"]

_STEPS = 8


def compose(
    prefix: Prefix, segments: Sequence[Segment], *, overlap: bool = False, behind: Prefix | None = None
) -> Context:
    """Put segments behind the prefix, one after the other, each moved to its new place.

    Keys are turned once, from the position they were encoded at; values carry no position and stay. The first
    segment does not move and is lossless. Later ones have the right positions, but have not attended to those
    before them. Segments in another dtype or on another device than the prefix are brought to it. No given
    tensor is written to, and each is copied once, some layers at a time, straight to its place.

    Args:
        prefix: What every segment was encoded behind.
        segments: In the order in which the model shall read them; may be empty.
        overlap: On a GPU, return before the rows are there: the model waits for each layer when it gets to it
            (:meth:`Context.wait`), so that later layers are copied while the first ones compute.
        behind: Other rows of the same model that stand in the prefix's place, such as an agent's instructions
            and tools. Then the first segment is moved like the others, and is not lossless.

    Returns:
        A context of new tensors; all of its rows count as reused.

    Raises:
        FingerprintError: A segment was made by another model, or behind another prefix.
        ContextError: A segment has another shape, or starts elsewhere than behind this prefix.
    """
    for number, segment in enumerate(segments, start=1):
        _check(prefix, segment, number)
    prefix = behind or prefix
    layers, heads, _, dim = prefix.keys.shape
    places, token_ids, position = [], list(prefix.token_ids), prefix.width
    for segment in segments:
        places.append(_Place(segment, len(token_ids), position - segment.start))
        token_ids += segment.token_ids
        position += segment.width
    keys, values = (prefix.keys.new_empty(layers, heads, len(token_ids), dim) for _ in range(2))
    landed: tuple[Any, ...] = ()
    if overlap and keys.device.type == "cuda":
        landed = _fill_beside(prefix, places, keys, values)
    else:
        join_stream(keys.device)
        for _ in _fill(prefix, places, keys, values):
            pass
    return Context(
        keys=keys,
        values=values,
        token_ids=tuple(token_ids),
        next_position=position,
        reused=len(token_ids),
        mode=Mode.COMPOSE,
        fingerprint=prefix.fingerprint,
        landed=landed,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a segment goes: the row where it begins, and by how many positions it moves."""

    segment: Segment
    at: int
    offset: int


def _fill(
    prefix: Prefix, places: Sequence[_Place], keys: torch.Tensor, values: torch.Tensor
) -> Iterator[range]:
    """Write the rows of some layers at a time; says which ones are there."""
    head = prefix.tokens
    moved = next((number for number, place in enumerate(places) if place.offset), len(places))
    table = None
    if moved < len(places):
        late = places[moved:]
        rows = [place.segment.tokens for place in late]
        table = turns([place.offset for place in late], rows, prefix.inv_freq, keys.device)
    # What turning needs besides is some times these layers' keys; all layers at once would be too much of it.
    step = max(1, len(keys) // _STEPS)
    for first in range(0, len(keys), step):
        some = slice(first, min(first + step, len(keys)))
        keys[some, :, :head], values[some, :, :head] = prefix.keys[some], prefix.values[some]
        for place in places:
            rows_of = slice(place.at, place.at + place.segment.tokens)
            keys[some, :, rows_of].copy_(place.segment.keys[some], non_blocking=True)
            values[some, :, rows_of].copy_(place.segment.values[some], non_blocking=True)
        if table is not None:
            turn_rows(keys[some, :, places[moved].at :], *table)
        yield range(some.start, some.stop)


def _fill_beside(
    prefix: Prefix, places: Sequence[_Place], keys: torch.Tensor, values: torch.Tensor
) -> tuple[Any, ...]:
    """The same on the side stream of a GPU; one event per layer says when it is there."""
    stream = side_stream(keys.device)
    # The memory may still be in use by what was queued before; and must not be given away while we write.
    stream.wait_stream(torch.cuda.current_stream(keys.device))
    rows = [rows for place in places for rows in (place.segment.keys, place.segment.values)]
    for tensor in (keys, values, *(tensor for tensor in rows if tensor.device == keys.device)):
        tensor.record_stream(stream)
    landed: list[Any] = []
    with torch.cuda.stream(stream):
        for layers in _fill(prefix, places, keys, values):
            event = torch.cuda.Event()
            event.record(stream)
            landed += [event] * len(layers)
    return tuple(landed)


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
