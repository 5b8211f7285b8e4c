"""`VectorIndex` in a vector store of somebody else: it gives candidates, what is told is worked out here."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import (
    CorruptRecordError,
    SettingError,
    StaleIndexError,
    StoreError,
)
from jarvis_retrievers.index import Rebuilt
from jarvis_retrievers.vectors import (
    Ids,
    Scores,
    best_of,
    check_ids,
    check_k,
    check_matrix,
    check_new,
    check_owner,
)

from .row_space import RowSpace
from .row_store import RowStore, failing
from .sealed_row import RowSeal

__all__ = ["MOST", "HostedIndex"]

MOST: Final = 10_000
"""Vectors that a store is asked for at once."""

_AT_ONCE: Final = 512
_SPARE: Final = 8


@dataclass(frozen=True)
class _Listed:
    """What the store has of an owner: rows by id, None for an id that it has twice.

    Attributes:
        rows: those that are not damaged.
        sound: whether none is.
        whole: whether these are all.
    """

    rows: dict[int, Scores | None]
    sound: bool
    whole: bool


class HostedIndex:
    """Vectors of many owners in one store, each found under the tag of its owner. Threads may share it.

    A store gives candidates. Each brings its row of float32 along, sealed, so that products are exact and
    a vector of somebody else is never taken for one of this owner, whatever the store does. A search asks for
    more until what is cut off is worse than what is told, so that results are exact where the store is.

    Which ids an owner has is kept in memory, from `rebuild` or from what the store lists on first use.
    Calls of one index go one after another, as some stores are no good for threads.

    Args:
        store: what holds the rows.
        space: how they stand there.
        secret: what owners and rows are sealed with, 16 bytes or more; with another nothing is found.
        most: vectors that the store gives at once.

    Raises:
        SettingError: a secret that is too short, or ``most`` below 1.
    """

    def __init__(self, store: RowStore, space: RowSpace, secret: bytes, most: int = MOST) -> None:
        if most < 1:
            raise SettingError(f"most must be at least 1, got {most}")
        self._store, self._space, self._most = store, space, most
        self._seal = RowSeal(secret, space.dim)
        self._ids: dict[str, set[int]] = {}
        self._lock = threading.RLock()

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return self._space.dim

    def add(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> None:
        """See `VectorIndex.add`.

        Raises:
            InputError: also a vector of another length than the space has. StoreError: the store fails; what
                it took of these is deleted again, if it can be.
        """
        keys, rows = self._checked(owner, ids, vectors)
        with self._lock:
            known = self._known(owner)
            check_new(keys, rows, known)
            self._put(owner, keys, rows)
            known.update(keys.tolist())

    def remove(self, owner: str, ids: Sequence[int]) -> int:
        """See `VectorIndex.remove`."""
        check_owner(owner)
        keys = check_ids(ids)
        with self._lock:
            known = self._known(owner)
            gone = known.intersection(keys.tolist())
            self._drop(owner, sorted(gone))
            known -= gone
            return len(gone)

    def search(self, owner: str, queries: NDArray[Any], k: int) -> tuple[Scores, Ids]:
        """See `VectorIndex.search`; what the store misses is missed.

        Raises:
            StaleIndexError: the store has less than it should, or damaged vectors. StoreError: it fails, or
                gives what is somebody else's.
        """
        check_owner(owner)
        wanted, rows = check_k(k), check_matrix(queries, self.dim, "queries")
        with self._lock:
            known = self._known(owner)
            fetch = min(wanted + _SPARE, self._most)
            if not known or not len(rows):
                none = np.zeros((len(rows), 0))
                return best_of(none.astype(np.float32), none.astype(np.int64), wanted)
            if len(known) <= min(fetch * len(rows), self._most):
                found = self._near(owner, rows[0], len(known), known)
                return _scored(rows, found, wanted)
            best = [self._nearest(owner, row, wanted, fetch, known) for row in rows]
        return np.concatenate([one[0] for one in best]), np.concatenate([one[1] for one in best])

    def count(self, owner: str) -> int:
        """See `VectorIndex.count`."""
        check_owner(owner)
        with self._lock:
            return len(self._known(owner))

    def delete_owner(self, owner: str) -> None:
        """See `VectorIndex.delete_owner`; also what the store has of this owner and nobody knows of.

        Raises:
            StoreError: the store fails, goes on giving what it was to delete, or has damaged vectors.
        """
        check_owner(owner)
        with self._lock:
            self._clear(owner, self._ids.pop(owner, set()))
            self._ids[owner] = set()

    def rebuild(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> Rebuilt:
        """See `RebuildableIndex.rebuild`.

        What the store lists is compared with these, number by number. An owner with more than ``most``
        vectors, there or here, is written anew as a whole.

        Raises:
            StoreError: as `delete_owner`.
        """
        keys, rows = self._checked(owner, ids, vectors)
        check_new(keys, rows, ())
        wanted = {key: row.tobytes() for key, row in zip(keys.tolist(), rows, strict=True)}
        with self._lock:
            self._ids.pop(owner, None)
            listed = self._listed(owner)
            comparable = listed.whole and len(wanted) < self._most
            right = {key for key, row in listed.rows.items() if comparable and _same(row, wanted.get(key))}
            wrong = set(listed.rows) - right
            fresh = np.array([key not in right for key in keys.tolist()], dtype=bool)
            if not comparable:
                wrong |= self._clear(owner, wrong | wanted.keys())
            else:
                # Some stores keep two rows of one key: whatever may be there goes first.
                self._drop(owner, sorted(wrong if listed.sound else wrong | wanted.keys() - right))
            self._put(owner, keys[fresh], rows[fresh])
            self._ids[owner] = set(wanted)
        return Rebuilt(len(right), int(fresh.sum()), len(wrong))

    def _checked(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> tuple[Ids, Scores]:
        check_owner(owner)
        keys, rows = check_ids(ids), check_matrix(vectors, self.dim, "vectors")
        self._space.stored(rows)
        return keys, rows

    def _known(self, owner: str) -> set[int]:
        if owner not in self._ids:
            listed = self._listed(owner)
            if not listed.whole:
                raise StaleIndexError(
                    f"the vector store has {self._most} or more vectors of this owner, which is all that can "
                    "be listed; rebuild the index from the record first"
                )
            self._ids[owner] = set(listed.rows)
        return self._ids[owner]

    def _listed(self, owner: str) -> _Listed:
        rows: dict[int, Scores | None] = {}
        sound = True
        texts = self._asked(owner, np.eye(1, self.dim, dtype=np.float32)[0], self._most)
        for text in texts:
            try:
                number, row = self._seal.open(owner, text)
            except CorruptRecordError:
                sound = False  # told to the caller, who writes it again
                continue
            rows[number] = None if number in rows else row
        return _Listed(rows, sound, len(texts) < self._most)

    def _clear(self, owner: str, ids: Set[int]) -> set[int]:
        """Delete these and all that the store lists, until it lists nothing; what it listed."""
        self._drop(owner, sorted(ids))
        gone: set[int] = set()
        while (left := self._listed(owner)).rows:
            if gone.issuperset(left.rows):
                raise StoreError("the vector store goes on giving vectors that it was to delete")
            gone.update(left.rows)
            self._drop(owner, sorted(left.rows))
        if not left.sound:
            raise StoreError(
                "the vector store has damaged vectors of this owner that name no id, so that they cannot be "
                f"deleted here; delete there what has the tag {self._seal.tag(owner)}"
            )
        return gone

    def _nearest(
        self, owner: str, row: Scores, wanted: int, fetch: int, known: set[int]
    ) -> tuple[Scores, Ids]:
        """The best of one query (1, wanted): more are asked for until what is cut off is truly worse."""
        most = min(len(known), self._most)
        while True:
            fetch = min(fetch, most)
            found = self._near(owner, row, fetch, known)
            scores, keys = _scored(row[None], found, wanted)
            last = min(float(row @ one) for one in found.values())
            if fetch == most or (fetch > wanted and float(scores[0, -1]) - last > self._space.slack(row)):
                return scores, keys
            fetch *= 2

    def _near(self, owner: str, row: Scores, k: int, known: set[int]) -> dict[int, Scores]:
        """At least k rows of these ids, the nearest that the store gives."""
        ask = k
        while True:
            texts = self._asked(owner, row, ask)
            try:
                opened = dict(self._seal.open(owner, text) for text in texts)
            except CorruptRecordError as error:
                raise StaleIndexError(str(error)) from error
            # What was removed and is given all the same is passed over.
            found = {key: one for key, one in opened.items() if key in known}
            if len(found) >= k:
                return found
            if len(texts) < ask or ask >= self._most:
                raise StaleIndexError(
                    f"the vector store gave {len(found)} of {k} vectors that it should have; rebuild the "
                    "index from the record"
                )
            ask = min(self._most, 2 * ask)

    def _asked(self, owner: str, row: Scores, k: int) -> list[str]:
        with failing("search"):
            return self._store.near(self._seal.tag(owner), self._space.asked(row), k)

    def _put(self, owner: str, keys: Ids, rows: Scores) -> None:
        """Write rows, all or none."""
        names = [self._seal.key(owner, key) for key in keys.tolist()]
        texts = [self._seal.seal(owner, key, row) for key, row in zip(keys.tolist(), rows, strict=True)]
        vectors, tag = self._space.stored(rows).tolist(), self._seal.tag(owner)
        try:
            for start in range(0, len(names), _AT_ONCE):
                some = slice(start, start + _AT_ONCE)
                with failing("add"):
                    self._store.put(tag, names[some], texts[some], vectors[some])
        except StoreError:
            self._ids.pop(owner, None)  # whoever asks next looks at what is there
            self._drop(owner, keys.tolist())
            raise

    def _drop(self, owner: str, ids: Iterable[int]) -> None:
        names = [self._seal.key(owner, key) for key in ids]
        for start in range(0, len(names), _AT_ONCE):
            with failing("delete"):
                self._store.drop(self._seal.tag(owner), names[start : start + _AT_ONCE])


def _same(row: Scores | None, wanted: bytes | None) -> bool:
    return row is not None and row.tobytes() == wanted


def _scored(rows: Scores, found: dict[int, Scores], k: int) -> tuple[Scores, Ids]:
    """The k best of each query by exact products."""
    keys = np.array(list(found), dtype=np.int64)
    matrix = np.stack(list(found.values()))
    return best_of(rows @ matrix.T, np.broadcast_to(keys, (len(rows), len(keys))), k)
