"""What of a context is left out where it does not fit the model's window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .kv import Segment

__all__ = ["Fitted", "fit"]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Segments that fit together: of the first concepts all, of each its best patches.

    Attributes:
        segments: in the order given.
        cut: how many patches were left out of them.
        dropped: how many of the last concepts were left out.
    """

    segments: tuple[Segment, ...]
    cut: int
    dropped: int


def fit(segments: Sequence[Segment], scores: Sequence[Sequence[float]], room: int) -> Fitted:
    """Leave out the weakest patches one by one, and when none is left the last concepts.

    Cutting a patch off the end of a segment is exact: no kept row has seen it.

    Args:
        segments: the most important concept first; patches of each by falling score.
        scores: of the patches of each segment, falling.
        room: how many positions there are.
    """
    counts = [segment.patches for segment in segments]
    widths = [segment.width for segment in segments]
    cut, kept = 0, len(segments)
    while kept and sum(widths[:kept]) > room:
        # Only the last patch of a segment can go; of equally weak ones that of the later concept.
        last = [(scores[i][counts[i] - 1], -i) for i in range(kept) if counts[i]]
        if not last:
            kept -= 1
            continue
        weakest = -min(last)[1]
        widths[weakest] -= segments[weakest].parts[counts[weakest]].width
        counts[weakest] -= 1
        cut += 1
    left = tuple(segment.cut(n) for segment, n in zip(segments[:kept], counts, strict=False))
    lost = sum(segment.patches for segment in segments[kept:])
    return Fitted(left, cut - lost, len(segments) - kept)
