"""One set of vectors in FAISS, always compared one by one, also with some of them only."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .vectors import (
    Ids,
    Scores,
    alone,
    best_of,
    check_dim,
    check_ids,
    check_k,
    check_matrix,
    check_new,
    load_faiss,
)

__all__ = ["ExactVectors"]


class ExactVectors:
    """Vectors under ids, searched exactly by inner product. Threads may share it.

    Args:
        dim: length of a vector.

    Raises:
        InputError: ``dim`` is less than 1.
    """

    def __init__(self, dim: int) -> None:
        self.dim = check_dim(dim)
        faiss = load_faiss()
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))
        self._keys: set[int] = set()
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._keys)

    def put(self, ids: Sequence[int], vectors: NDArray[Any]) -> None:
        """Add vectors (n, dim) under ids >= 0, in place of those that had these ids; all of them or none.

        Raises:
            InputError: an id given twice, a wrong shape, NaN or infinity; nothing has changed.
        """
        keys, rows = check_ids(ids), check_matrix(vectors, self.dim, "vectors")
        check_new(keys, rows, ())
        with self._lock:
            self.remove(keys.tolist())
            self._index.add_with_ids(rows, keys)
            self._keys.update(keys.tolist())

    def remove(self, ids: Sequence[int]) -> int:
        """Remove these ids where they exist; returns how many did."""
        with self._lock:
            known = self._keys.intersection(check_ids(ids).tolist())
            if known:
                self._index.remove_ids(np.array(sorted(known), dtype=np.int64))
                self._keys -= known
            return len(known)

    def rows(self, ids: Sequence[int]) -> Scores:
        """The vectors of these ids, float32 (n, dim), in the order given.

        Raises:
            KeyError: an id that is not there.
        """
        keys = check_ids(ids)
        with self._lock:
            for key in keys.tolist():
                if key not in self._keys:
                    raise KeyError(key)
            found = np.empty((len(keys), self.dim), dtype=np.float32)
            for place, key in enumerate(keys.tolist()):
                found[place] = self._index.reconstruct(key)
            return found

    def search(
        self, queries: NDArray[Any], k: int, among: Collection[int] | None = None
    ) -> tuple[Scores, Ids]:
        """The k largest inner products for each query.

        Args:
            queries: (q, dim), finite.
            k: at least 1.
            among: look at these ids only; as many as k are found if so many of them are there.

        Returns:
            Scores (q, k) float32, falling, and ids (q, k) int64; equal scores by rising id; padded with
            -inf and -1.
        """
        wanted, rows = check_k(k), check_matrix(queries, self.dim, "queries")
        with self._lock:
            chosen = None if among is None else self._keys.intersection(among)
            total = len(self._keys) if chosen is None else len(chosen)
            if total == 0 or len(rows) == 0:
                none = np.zeros((len(rows), 0))
                return best_of(none.astype(np.float32), none.astype(np.int64), wanted)
            options: dict[str, Any] = {}
            if chosen is not None:
                faiss = load_faiss()
                selector = faiss.IDSelectorBatch(np.array(sorted(chosen), dtype=np.int64))
                options["params"] = faiss.SearchParameters(sel=selector)
            # FAISS breaks ties as it likes, also at the cut: ask until what is cut off is truly worse.
            fetch = min(total, wanted + 1)
            while True:
                with alone(rows.size * total):
                    scores, keys = self._index.search(rows, fetch, **options)
                if fetch == total or (fetch > wanted and bool((scores[:, wanted - 1] > scores[:, -1]).all())):
                    return best_of(scores, keys, wanted)
                fetch = min(total, 2 * fetch)
