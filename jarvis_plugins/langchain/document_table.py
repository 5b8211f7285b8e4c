"""Documents and their vectors in memory: put, drop, find."""

from __future__ import annotations

import copy
import json
import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from jarvis_retrievers.errors import InputError
from jarvis_retrievers.exact import ExactVectors
from jarvis_retrievers.mmr import maximal_marginal_relevance

__all__ = ["DocumentTable", "Row", "documents_of", "rows_of"]

Test = Callable[[Document], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """A document as it is kept: ``metadata`` is JSON, so that it comes back from a disk as it went."""

    id: str
    text: str
    metadata: dict[str, Any]

    @classmethod
    def of(cls, id: str, text: str, metadata: Any) -> Row:
        """A row of what a user gave, copied.

        Raises:
            InputError: an id or a text that is no text, or metadata that JSON cannot hold.
        """
        if not isinstance(id, str) or not id:
            raise InputError(f"a document's id must be a text that is not empty, got {id!r:.60}")
        if not isinstance(text, str):
            raise InputError(f"a document's text must be a string, got {type(text).__name__}")
        try:
            kept = json.loads(json.dumps(metadata or {}, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(
                f"the metadata of document {id!r:.60} cannot be written as JSON ({error}); use texts, finite "
                "numbers, booleans, None, lists and mappings, and dates as ISO 8601 text"
            ) from error
        if not isinstance(kept, dict):
            raise InputError(f"metadata must be a mapping, got {type(metadata).__name__}")
        return cls(id, text, kept)

    def document(self) -> Document:
        """The row as a document of its own: changing it changes nothing here."""
        return Document(id=self.id, page_content=self.text, metadata=copy.deepcopy(self.metadata))

    def view(self) -> Document:
        """The row as a document to look at only: nothing is copied."""
        return Document(id=self.id, page_content=self.text, metadata=self.metadata)


def rows_of(documents: Sequence[Document], ids: Sequence[str | None] | None) -> list[Row]:
    """Rows of documents; the ids given count before ``Document.id``, and where there is none one is made.

    Raises:
        InputError: not as many ids as documents, or one that cannot be kept; see `Row.of`.
    """
    if isinstance(documents, Document) or isinstance(ids, str):
        raise InputError("documents and ids must be lists, got one of them; put it in a list")
    names: Sequence[str | None] = [None] * len(documents) if ids is None else ids
    if len(names) != len(documents):
        raise InputError(f"{len(documents)} documents need as many ids, got {len(names)}")
    return [
        Row.of(
            (document.id or str(uuid.uuid4())) if name is None else name,
            document.page_content,
            document.metadata,
        )
        for document, name in zip(documents, names, strict=True)
    ]


def documents_of(texts: Iterable[str], metadatas: Sequence[dict[str, Any]] | None) -> list[Document]:
    """Documents of texts, with metadata for each if given.

    Raises:
        InputError: one string where texts are meant, something that is no text, or not as many metadatas.
    """
    if isinstance(texts, str):
        raise InputError(f"texts must be a list, got one string {texts[:40]!r}; put it in a list")
    every = list(texts)
    given: Sequence[dict[str, Any]] = metadatas or [{}] * len(every)
    if len(given) != len(every):
        raise InputError(f"{len(every)} texts need as many metadatas, got {len(given)}")
    for text in every:
        if not isinstance(text, str):
            raise InputError(f"a text must be a string, got {type(text).__name__}")
    return [Document(page_content=text, metadata=about) for text, about in zip(every, given, strict=True)]


class DocumentTable:
    """Rows under their ids, each with a unit vector; the first set the length. Threads may share it."""

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

    def drop(self, ids: Sequence[str] | None) -> int:
        """Remove rows by id, all for None; returns how many there were."""
        with self._lock:
            keys = list(self._rows) if ids is None else [self._keys[i] for i in set(ids) if i in self._keys]
            if self._vectors is not None:
                self._vectors.remove(keys)
            for key in keys:
                del self._keys[self._rows.pop(key).id]
            return len(keys)

    def get(self, ids: Sequence[str]) -> list[Document]:
        """The documents of these ids in this order, each once; unknown ids are passed over."""
        with self._lock:
            keys = dict.fromkeys(self._keys[i] for i in ids if i in self._keys)
            return [self._rows[key].document() for key in keys]

    def nearest(self, vector: Any, k: int, test: Test | None = None) -> list[tuple[Document, float]]:
        """The k documents nearest to a vector that pass the test, with cosines, falling; ties oldest first.

        Raises:
            InputError: ``k`` is less than 1, or a vector of another length or not finite.
        """
        with self._lock:
            return [(self._rows[key].document(), cosine) for key, cosine in self._nearest(vector, k, test)]

    def diverse(
        self, vector: Any, k: int, fetch: int, balance: float, test: Test | None = None
    ) -> list[Document]:
        """k of the ``fetch`` nearest by maximal marginal relevance; see `maximal_marginal_relevance`."""
        with self._lock:
            keys = [key for key, _ in self._nearest(vector, max(k, fetch), test)]
            near = self._vectors.rows(keys) if self._vectors is not None else np.zeros((0, 1))
            taken = maximal_marginal_relevance(_matrix([vector])[0], near, k, balance)
            return [self._rows[keys[place]].document() for place in taken]

    def dump(self) -> tuple[list[Row], NDArray[np.float32]]:
        """All rows, oldest first, and their vectors (n, dim); (0, 0) if there are none."""
        with self._lock:
            keys = sorted(self._rows)
            if not keys or self._vectors is None:
                return [], np.zeros((0, 0), np.float32)
            return [self._rows[key] for key in keys], self._vectors.rows(keys)

    def _nearest(self, vector: Any, k: int, test: Test | None) -> list[tuple[int, float]]:
        if k < 1:
            raise InputError(f"k must be at least 1, got {k}")
        query = _matrix([vector])
        if not self._rows or self._vectors is None:
            return []
        self._check(query, self._vectors.dim)
        among = None if test is None else {key for key, row in self._rows.items() if test(row.view())}
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
