"""The vector index: nearest vectors of one owner by inner product, and its reference.

Every method takes the owner first: there is no call that reaches across owners.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .vectors import (
    Ids,
    Scores,
    best_of,
    check_dim,
    check_ids,
    check_k,
    check_matrix,
    check_new,
    check_owner,
)

__all__ = ["FlatIndex", "RebuildableIndex", "Rebuilt", "VectorIndex"]


@runtime_checkable
class VectorIndex(Protocol):
    """Vectors under integer ids, one separate set per owner."""

    def add(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> None:
        """Add vectors (n, dim) under ids >= 0 that this owner does not use yet; all of them or none.

        Raises:
            InputError: an id given twice or there already, a wrong shape, NaN or infinity; nothing has
                changed.
        """
        ...

    def remove(self, owner: str, ids: Sequence[int]) -> int:
        """Remove these ids where they exist; returns how many did."""
        ...

    def search(self, owner: str, queries: NDArray[Any], k: int) -> tuple[Scores, Ids]:
        """The k largest inner products for each query.

        Args:
            owner: whose vectors; an owner without any gives padding only.
            queries: (q, dim), finite.
            k: at least 1.

        Returns:
            Scores (q, k) float32, falling, and ids (q, k) int64; equal scores by rising id; padded with
            -inf and -1.
        """
        ...

    def count(self, owner: str) -> int:
        """How many vectors this owner has."""
        ...

    def delete_owner(self, owner: str) -> None:
        """Forget every vector of this owner; no error where there is none."""
        ...


@dataclass(frozen=True)
class Rebuilt:
    """How many vectors of an owner were right, and how many had to be written or deleted."""

    kept: int
    added: int
    removed: int


@runtime_checkable
class RebuildableIndex(VectorIndex, Protocol):
    """An index that outlives a process, and may lose what was written or keep what was deleted."""

    def rebuild(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> Rebuilt:
        """Make this owner's vectors be exactly these, those of the record; what is right stays.

        Raises:
            InputError: as `add`; nothing has changed.
        """
        ...


class FlatIndex:
    """The reference: one numpy matrix per owner, every product computed."""

    def __init__(self, dim: int) -> None:
        self.dim = check_dim(dim)
        self._rows: dict[str, tuple[Ids, Scores]] = {}
        self._lock = threading.RLock()

    def add(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> None:
        """See `VectorIndex.add`."""
        check_owner(owner)
        keys, rows = check_ids(ids), check_matrix(vectors, self.dim, "vectors")
        with self._lock:
            old_keys, old_rows = self._of(owner)
            check_new(keys, rows, set(old_keys.tolist()))
            self._rows[owner] = (np.concatenate([old_keys, keys]), np.concatenate([old_rows, rows]))

    def remove(self, owner: str, ids: Sequence[int]) -> int:
        """See `VectorIndex.remove`."""
        check_owner(owner)
        keys = check_ids(ids)
        with self._lock:
            old_keys, old_rows = self._of(owner)
            keep = ~np.isin(old_keys, keys)
            self._rows[owner] = (old_keys[keep], old_rows[keep])
            return int((~keep).sum())

    def search(self, owner: str, queries: NDArray[Any], k: int) -> tuple[Scores, Ids]:
        """See `VectorIndex.search`."""
        check_owner(owner)
        wanted, rows = check_k(k), check_matrix(queries, self.dim, "queries")
        with self._lock:
            keys, matrix = self._of(owner)
        every = np.broadcast_to(keys, (len(rows), len(keys)))
        return best_of(rows @ matrix.T, every, wanted)

    def count(self, owner: str) -> int:
        """See `VectorIndex.count`."""
        check_owner(owner)
        with self._lock:
            return len(self._of(owner)[0])

    def delete_owner(self, owner: str) -> None:
        """See `VectorIndex.delete_owner`."""
        check_owner(owner)
        with self._lock:
            self._rows.pop(owner, None)

    def rebuild(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> Rebuilt:
        """See `RebuildableIndex.rebuild`."""
        check_owner(owner)
        keys, rows = check_ids(ids), check_matrix(vectors, self.dim, "vectors")
        check_new(keys, rows, ())
        with self._lock:
            old = {key: row.tobytes() for key, row in zip(*self._of(owner), strict=True)}
            self._rows[owner] = (keys, rows.copy())
        kept = sum(old.get(key) == row.tobytes() for key, row in zip(keys, rows, strict=True))
        return Rebuilt(kept, len(keys) - kept, len(old) - kept)

    def _of(self, owner: str) -> tuple[Ids, Scores]:
        empty = (np.zeros(0, np.int64), np.zeros((0, self.dim), np.float32))
        return self._rows.get(owner, empty)
