"""Texts by key, found by what a question means: the vectors of a text encoder."""

from __future__ import annotations

import threading
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from .clusters import ClusterPlan
from .owner_vectors import OwnerVectors
from .text_embedder import TextEmbedder
from .vectors import check_matrix

__all__ = ["TextIndex"]


class TextIndex:
    """Vectors of the texts of each key, searched with a question. Threads may share it.

    Args:
        embedder: makes the vectors, of texts and of questions.
        plan: when they are put in clusters.
    """

    def __init__(self, embedder: TextEmbedder, plan: ClusterPlan | None = None) -> None:
        self.embedder = embedder
        self._vectors = OwnerVectors(embedder.dim, plan or ClusterPlan())
        self._lock = threading.Lock()
        self._ids: dict[str, NDArray[np.int64]] = {}
        self._keys: dict[int, str] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._ids)

    def put(self, key: str, rows: NDArray[np.float32]) -> None:
        """Take vectors (n, dim) as those of the texts of ``key``, in place of what it had.

        Raises:
            InputError: another shape, NaN or infinity; nothing has changed.
        """
        matrix = check_matrix(rows, self.embedder.dim, "vectors of texts")
        self.remove([key])
        with self._lock:
            ids = np.arange(self._next, self._next + len(matrix), dtype=np.int64)
            self._next += len(matrix)
            self._ids[key] = ids
            self._keys.update(dict.fromkeys(ids.tolist(), key))
            self._vectors.add(ids, matrix)

    def remove(self, keys: Collection[str]) -> None:
        """Remove these keys where they exist."""
        with self._lock:
            gone = [self._ids.pop(key) for key in set(keys).intersection(self._ids)]
            for ids in gone:
                self._vectors.remove(ids)
                for one in ids.tolist():
                    del self._keys[one]

    def search(self, question: str, limit: int) -> list[tuple[str, float]]:
        """The keys of texts that reach the encoder's threshold, each with its best cosine, best first.

        Args:
            question: what is looked for.
            limit: vectors looked at; exact for fewer.

        Raises:
            EmbeddingError: the encoder fails.
        """
        with self._lock:
            total = len(self._keys)
        if not total:
            return []
        rows = self.embedder.embed_questions([question])
        scores, ids = self._vectors.search(rows, min(total, limit))
        best: dict[str, float] = {}
        with self._lock:
            for score, one in zip(scores[0].tolist(), ids[0].tolist(), strict=True):
                key = self._keys.get(one)
                if key is not None and score >= self.embedder.threshold:
                    best.setdefault(key, score)
        return sorted(best.items(), key=lambda item: (-item[1], item[0]))
