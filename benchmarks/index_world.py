"""What the index is measured with: vectors in groups, and owners in a real catalogue."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jarvis_memory.store import ConceptDraft, DraftPatch, DraftPhoto, OwnerStore
from jarvis_retrievers.boxes import Box

__all__ = ["DIM", "Homes", "Vectors", "World", "concept_of"]

DIM = 512

Vectors = NDArray[np.float32]


class World:
    """Unit vectors in groups of groups."""

    def __init__(self, things: int, seed: int) -> None:
        self._chance = np.random.default_rng(seed)
        kinds = self._unit(self._normal(max(1, things // 100)))
        of = self._chance.integers(0, len(kinds), things)
        self._things = self._unit(kinds[of] + 0.8 * self._unit(self._normal(things)))

    def views(self, count: int) -> Vectors:
        """So many views of things, drawn anew."""
        of = self._chance.integers(0, len(self._things), count)
        return self._unit(self._things[of] + 0.5 * self._unit(self._normal(count)))

    def _normal(self, count: int) -> Vectors:
        return self._chance.standard_normal((count, DIM), dtype=np.float32)

    @staticmethod
    def _unit(rows: Vectors) -> Vectors:
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def concept_of(number: int, rows: Vectors) -> ConceptDraft:
    """A concept with these vectors as its patches."""
    data = f"photo {number}".encode()
    return ConceptDraft(
        name=f"Concept {number}",
        notes=(),
        photos=[DraftPhoto(data, hashlib.sha256(data).hexdigest(), 64, 64)],
        patches=[DraftPatch(0, Box(0, 0, 16, 16), 0.9, 0.5, 0.45, row) for row in rows],
        profile_vectors=None,
        encoder="bench",
    )


class Homes:
    """Owners in a real catalogue."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._stores: dict[str, OwnerStore] = {}

    def store(self, owner: str) -> OwnerStore:
        """An owner's store."""
        if owner not in self._stores:
            self._stores[owner] = OwnerStore.open(self._home, owner)
        return self._stores[owner]

    def vectors_of(self, owner: str) -> tuple[NDArray[np.int64], Vectors]:
        """See `VectorSource.vectors_of`."""
        rows = self.store(owner).vectors()
        return rows.ids, rows.matrix

    def close(self) -> None:
        """Close all."""
        for store in self._stores.values():
            store.close()
