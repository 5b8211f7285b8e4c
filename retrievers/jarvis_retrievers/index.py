"""The vector index: nearest vectors of one owner by inner product, exact.

Every method takes the owner first: there is no call that reaches across owners.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Sequence
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

__all__ = ["FaissIndex", "FlatIndex", "VectorIndex"]

_LARGEST_ID: Final = 2**63 - 1

Scores = NDArray[np.float32]
Ids = NDArray[np.int64]


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


class FlatIndex:
    """The reference: one numpy matrix per owner, every product computed."""

    def __init__(self, dim: int) -> None:
        self.dim = _check_dim(dim)
        self._rows: dict[str, tuple[Ids, Scores]] = {}
        self._lock = threading.RLock()

    def add(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> None:
        """See `VectorIndex.add`."""
        _check_owner(owner)
        keys, rows = _check_ids(ids), _check_matrix(vectors, self.dim, "vectors")
        with self._lock:
            old_keys, old_rows = self._of(owner)
            _check_new(keys, rows, set(old_keys.tolist()))
            self._rows[owner] = (np.concatenate([old_keys, keys]), np.concatenate([old_rows, rows]))

    def remove(self, owner: str, ids: Sequence[int]) -> int:
        """See `VectorIndex.remove`."""
        _check_owner(owner)
        keys = _check_ids(ids)
        with self._lock:
            old_keys, old_rows = self._of(owner)
            keep = ~np.isin(old_keys, keys)
            self._rows[owner] = (old_keys[keep], old_rows[keep])
            return int((~keep).sum())

    def search(self, owner: str, queries: NDArray[Any], k: int) -> tuple[Scores, Ids]:
        """See `VectorIndex.search`."""
        _check_owner(owner)
        wanted, rows = _check_k(k), _check_matrix(queries, self.dim, "queries")
        with self._lock:
            keys, matrix = self._of(owner)
        every = np.broadcast_to(keys, (len(rows), len(keys)))
        return _best(rows @ matrix.T, every, wanted)

    def count(self, owner: str) -> int:
        """See `VectorIndex.count`."""
        _check_owner(owner)
        with self._lock:
            return len(self._of(owner)[0])

    def delete_owner(self, owner: str) -> None:
        """See `VectorIndex.delete_owner`."""
        _check_owner(owner)
        with self._lock:
            self._rows.pop(owner, None)

    def _of(self, owner: str) -> tuple[Ids, Scores]:
        empty = (np.zeros(0, np.int64), np.zeros((0, self.dim), np.float32))
        return self._rows.get(owner, empty)


class FaissIndex:
    """FAISS exact search, one ``IndexIDMap2(IndexFlatIP)`` per owner; safe to share between threads."""

    def __init__(self, dim: int) -> None:
        self.dim = _check_dim(dim)
        self._indexes: dict[str, Any] = {}
        self._keys: dict[str, set[int]] = {}
        self._lock = threading.RLock()

    def add(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> None:
        """See `VectorIndex.add`."""
        import faiss

        _check_owner(owner)
        keys, rows = _check_ids(ids), _check_matrix(vectors, self.dim, "vectors")
        with self._lock:
            # FAISS itself would take an id twice and then answer with it twice.
            _check_new(keys, rows, self._keys.get(owner, set()))
            if owner not in self._indexes:
                self._indexes[owner] = faiss.IndexIDMap2(faiss.IndexFlatIP(self.dim))
                self._keys[owner] = set()
            self._indexes[owner].add_with_ids(rows, keys)
            self._keys[owner].update(keys.tolist())

    def remove(self, owner: str, ids: Sequence[int]) -> int:
        """See `VectorIndex.remove`."""
        _check_owner(owner)
        keys = _check_ids(ids)
        with self._lock:
            known = sorted(self._keys.get(owner, set()).intersection(keys.tolist()))
            if known:
                self._indexes[owner].remove_ids(np.array(known, dtype=np.int64))
                self._keys[owner].difference_update(known)
            return len(known)

    def search(self, owner: str, queries: NDArray[Any], k: int) -> tuple[Scores, Ids]:
        """See `VectorIndex.search`."""
        _check_owner(owner)
        wanted, rows = _check_k(k), _check_matrix(queries, self.dim, "queries")
        with self._lock:
            index, total = self._indexes.get(owner), len(self._keys.get(owner, ()))
            if index is None or total == 0 or len(rows) == 0:
                return _best(np.zeros((len(rows), 0), np.float32), np.zeros((len(rows), 0), np.int64), wanted)
            # FAISS breaks ties as it likes, also at the cut: ask until what is cut off is truly worse.
            fetch = min(total, wanted + 1)
            while True:
                scores, keys = index.search(rows, fetch)
                if fetch == total or (fetch > wanted and bool((scores[:, wanted - 1] > scores[:, -1]).all())):
                    return _best(scores, keys, wanted)
                fetch = min(total, 2 * fetch)

    def count(self, owner: str) -> int:
        """See `VectorIndex.count`."""
        _check_owner(owner)
        with self._lock:
            return len(self._keys.get(owner, ()))

    def delete_owner(self, owner: str) -> None:
        """See `VectorIndex.delete_owner`."""
        _check_owner(owner)
        with self._lock:
            self._indexes.pop(owner, None)
            self._keys.pop(owner, None)


def _best(scores: Scores, keys: Ids, k: int) -> tuple[Scores, Ids]:
    """The k best of each row by falling score, then rising id, padded."""
    order = np.lexsort((keys, -scores), axis=1)[:, :k]
    best = np.full((len(scores), k), -np.inf, dtype=np.float32)
    names = np.full((len(scores), k), -1, dtype=np.int64)
    best[:, : order.shape[1]] = np.take_along_axis(scores, order, axis=1)
    names[:, : order.shape[1]] = np.take_along_axis(keys, order, axis=1)
    return best, names


def _check_dim(dim: int) -> int:
    if dim < 1:
        raise InputError(f"the vector length must be at least 1, got {dim}")
    return dim


def _check_owner(owner: str) -> None:
    if not isinstance(owner, str) or not owner:
        raise InputError(f"the owner must be a non-empty string, got {owner!r}")


def _check_k(k: int) -> int:
    if k < 1:
        raise InputError(f"k must be at least 1, got {k}")
    return k


def _check_ids(ids: Sequence[int]) -> Ids:
    try:
        values = [operator.index(value) for value in ids]
    except TypeError as error:
        raise InputError(f"vector ids must be whole numbers: {error}") from error
    # -1 is the padding of a search result.
    wrong = [value for value in values if not 0 <= value <= _LARGEST_ID]
    if wrong:
        raise InputError(f"vector ids must be from 0 to 2**63 - 1, got {wrong[0]}")
    return np.array(values, dtype=np.int64)


def _check_matrix(values: NDArray[Any], dim: int, what: str) -> Scores:
    try:
        matrix = np.ascontiguousarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must be an array of numbers of shape (n, {dim}): {error}") from error
    if matrix.ndim != 2 or matrix.shape[1] != dim:
        raise InputError(f"{what} must have shape (n, {dim}), got {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise InputError(f"{what} must be finite, got NaN or infinity")
    return matrix


def _check_new(keys: Ids, rows: Scores, known: set[int]) -> None:
    if len(keys) != len(rows):
        raise InputError(f"one id per vector is needed, got {len(keys)} ids and {len(rows)} vectors")
    given = keys.tolist()
    if len(set(given)) != len(given):
        twice = next(key for key in given if given.count(key) > 1)
        raise InputError(f"vector id {twice} is given twice; every id must be new")
    there = sorted(known.intersection(given))
    if there:
        raise InputError(f"vector id {there[0]} is in the index already; remove it first")
