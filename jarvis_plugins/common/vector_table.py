"""Rows and their vectors in memory: put, drop, find."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import InputError
from jarvis_retrievers.exact import ExactVectors
from jarvis_retrievers.mmr import maximal_marginal_relevance

from .row import Row

__all__ = ["VectorTable"]

Test = Callable[[Row], bool]
Scored = list[tuple[Row, float]]


class VectorTable:
    """Rows under their ids, each with a unit vector; the first set the length. Threads may share it.

    Rows that come back are those that are kept: whoever hands them on copies what can be changed.
    """

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._keys: dict[str, int] = {}
        self._vectors: ExactVectors | None = None
        self._next = 0
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, rows: Sequence[Row], vectors: Any) -> None:
        """Add rows with vectors (n, dim), in place of rows with the same ids; all of them or none.

        Of rows that share an id the last one counts.

        Raises:
            InputError: vectors of another length than those that are here, not finite, or not as many as
                rows; nothing has changed.
        """
        if not rows:
            return
        matrix = _matrix(vectors)
        if len(matrix) != len(rows):
            raise InputError(f"{len(rows)} documents need as many vectors, got {len(matrix)}")
        last = {row.id: place for place, row in enumerate(rows)}
        places = sorted(last.values())
        with self._lock:
            index = self._vectors if self._rows and self._vectors else ExactVectors(matrix.shape[1])
            self._check(matrix, index.dim)
            chosen = [rows[place] for place in places]
            fresh = [row.id for row in chosen if row.id not in self._keys]
            keys = dict(self._keys) | {id: self._next + n for n, id in enumerate(fresh)}
            index.put([keys[row.id] for row in chosen], _unit(matrix[places]))
            # Only now: a vector that is refused must leave everything as it was.
            self._vectors, self._keys = index, keys
            self._next += len(fresh)
            self._rows.update({keys[row.id]: row for row in chosen})

    def drop(self, ids: Iterable[str] | None = None, test: Test | None = None) -> int:
        """Remove rows by id, all for None, of these only those that pass the test; returns how many."""
        with self._lock:
            keys = self._chosen(ids, test)
            if self._vectors is not None:
                self._vectors.remove(keys)
            for key in keys:
                del self._keys[self._rows.pop(key).id]
            return len(keys)

    def get(self, ids: Iterable[str] | None = None, test: Test | None = None) -> list[Row]:
        """The rows of these ids in this order, each once, all of them oldest first for None; see `drop`."""
        with self._lock:
            return [self._rows[key] for key in self._chosen(ids, test)]

    def nearest(self, vector: Any, k: int, test: Test | None = None) -> Scored:
        """The k rows nearest to a vector that pass the test, with cosines, falling; ties oldest first.

        Raises:
            InputError: ``k`` is less than 1, or a vector of another length or not finite.
        """
        with self._lock:
            return [(self._rows[key], cosine) for key, cosine in self._nearest(vector, k, test)]

    def diverse(self, vector: Any, k: int, fetch: int, balance: float, test: Test | None = None) -> Scored:
        """k of the ``fetch`` nearest by maximal marginal relevance, with cosines to the vector.

        See `maximal_marginal_relevance`.
        """
        with self._lock:
            found = self._nearest(vector, max(k, fetch), test)
            near = (
                np.zeros((0, 1)) if self._vectors is None else self._vectors.rows([key for key, _ in found])
            )
            taken = maximal_marginal_relevance(_matrix([vector])[0], near, k, balance)
            return [(self._rows[found[place][0]], found[place][1]) for place in taken]

    def dump(self) -> tuple[list[Row], NDArray[np.float32]]:
        """All rows, oldest first, and their vectors (n, dim); (0, 0) if there are none."""
        with self._lock:
            keys = sorted(self._rows)
            if not keys or self._vectors is None:
                return [], np.zeros((0, 0), np.float32)
            return [self._rows[key] for key in keys], self._vectors.rows(keys)

    def _chosen(self, ids: Iterable[str] | None, test: Test | None) -> list[int]:
        if ids is None:
            keys = sorted(self._rows)
        else:
            keys = list(dict.fromkeys(self._keys[i] for i in ids if i in self._keys))
        return keys if test is None else [key for key in keys if test(self._rows[key])]

    def _nearest(self, vector: Any, k: int, test: Test | None) -> list[tuple[int, float]]:
        if k < 1:
            raise InputError(f"k must be at least 1, got {k}")
        query = _matrix([vector])
        if not self._rows or self._vectors is None:
            return []
        self._check(query, self._vectors.dim)
        among = None if test is None else {key for key, row in self._rows.items() if test(row)}
        scores, keys = self._vectors.search(_unit(query), min(k, len(self._rows)), among)
        return [
            (key, float(np.clip(score, -1.0, 1.0)))
            for key, score in zip(keys[0].tolist(), scores[0].tolist(), strict=True)
            if key >= 0
        ]

    @staticmethod
    def _check(matrix: NDArray[np.float32], dim: int) -> None:
        if matrix.shape[1] != dim:
            raise InputError(
                f"the vectors here have {dim} numbers, got {matrix.shape[1]}; use the embeddings that made "
                "the others"
            )


def _matrix(vectors: Any) -> NDArray[np.float32]:
    try:
        matrix = np.asarray(vectors, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"embeddings must be lists of numbers of one length: {error}") from error
    if matrix.ndim != 2 or not matrix.shape[1]:
        raise InputError(f"embeddings must have shape (n, dim), got {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise InputError("embeddings must be finite numbers, got NaN or infinity; check the model")
    return matrix


def _unit(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1, so that an inner product is a cosine; zeros stay zeros."""
    wide = matrix.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    rows: NDArray[np.float32] = np.divide(wide, norms, out=np.zeros_like(wide), where=norms > 0).astype("f4")
    return rows
