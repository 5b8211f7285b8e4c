"""Which items of a store go best with a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from jarvis_memory.store.items import Item

__all__ = ["ranked"]

_K: Final = 60


def ranked(
    items: Sequence[Item], query: NDArray[np.float32], encoder: str
) -> list[tuple[Item, float | None]]:
    """All items, best first, each with its best cosine; those without vectors of this encoder last.

    Words are nearer to words than to any picture, so cosines of the two kinds have no common order: where
    some items have texts and some have pictures, the two lists are fused by reciprocal rank (k = 60).

    Args:
        items: in the order that decides between equals.
        query: (dim,).
        encoder: whose vectors count.
    """
    cosines: dict[str, dict[int, float]] = {"t": {}, "i": {}}
    norm = float(np.linalg.norm(query))
    for place, item in enumerate(items):
        draft = item.draft
        if draft.encoder != encoder or draft.vectors is None or draft.vectors.shape[1] != len(query):
            continue
        scale = np.linalg.norm(draft.vectors, axis=1) * norm
        scores = np.divide(
            draft.vectors @ query, scale, out=np.zeros(len(scale), np.float32), where=scale > 0
        )
        for kind, score in zip(draft.kinds, scores.tolist(), strict=True):
            best = cosines[kind]
            best[place] = max(best.get(place, -1.0), float(score))
    gains: dict[int, float] = {}
    for best in cosines.values():
        for rank, place in enumerate(sorted(best, key=lambda place: (-best[place], place))):
            gains[place] = gains.get(place, 0.0) + 1.0 / (_K + 1 + rank)
    order = sorted(gains, key=lambda place: (-gains[place], place))
    scored = [(items[p], max(best[p] for best in cosines.values() if p in best)) for p in order]
    return [*scored, *((item, None) for place, item in enumerate(items) if place not in gains)]
