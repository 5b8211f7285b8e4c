"""FAISS indexes of many owners within a number of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .clusters import ClusterPlan
from .errors import SettingError
from .owner_vectors import OwnerVectors
from .snapshots import Snapshots
from .vectors import Ids, Scores, check_dim, check_ids, check_k, check_matrix, check_new, check_owner

__all__ = ["FaissIndex", "VectorSource"]


@runtime_checkable
class VectorSource(Protocol):
    """Where an owner's vectors come from when they are not in memory: the record."""

    def vectors_of(self, owner: str) -> tuple[Ids, Scores]:
        """Ids int64 (n,) and vectors float32 (n, dim) of an owner; n is 0 for an owner without any."""
        ...


class _Shelf:
    """An owner's place: what is in memory, and the lock under which it is read from the source."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.vectors: OwnerVectors | None = None


class FaissIndex:
    """`VectorIndex` on FAISS, one index per owner; safe to share between threads.

    An owner's search is exact below ``plan.least`` vectors, and in clusters above (`OwnerVectors`).

    With a source, an owner's vectors are read from it on first use, and those used longest ago leave memory
    when all together are larger than the quota. The source is the record: change it first, then tell the
    index with `add` and `remove`, which then concern only what is in memory.

    Args:
        dim: length of a vector.
        plan: when an owner's vectors are put in clusters.
        source: the record.
        quota: bytes of all owners together; None keeps all.
        snapshots: where clusters are kept, so that they are not found anew in each process.

    Raises:
        InputError: ``dim`` is less than 1.
        SettingError: a negative quota, or one without a source to read from again.
    """

    def __init__(
        self,
        dim: int,
        plan: ClusterPlan | None = None,
        *,
        source: VectorSource | None = None,
        quota: int | None = None,
        snapshots: Snapshots | None = None,
    ) -> None:
        if quota is not None and (source is None or quota < 0):
            raise SettingError(f"a quota is 0 or more and needs a source to read from again, got {quota}")
        self.dim = check_dim(dim)
        self._plan, self._source, self._quota = plan or ClusterPlan(), source, quota
        self._snapshots = snapshots
        self._shelves: OrderedDict[str, _Shelf] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> None:
        """See `VectorIndex.add`; with a source, what was read from it already is let through."""
        check_owner(owner)
        keys, rows = check_ids(ids), check_matrix(vectors, self.dim, "vectors")
        check_new(keys, rows, ())
        shelf = self._shelf(owner)
        with shelf.lock:
            if shelf.vectors is None:
                if self._source is not None:
                    return  # the first search reads them from there
                shelf.vectors = self._none(owner)
            if self._source is not None:
                fresh = [place for place, key in enumerate(keys.tolist()) if key not in shelf.vectors]
                keys, rows = keys[fresh], rows[fresh]
            shelf.vectors.add(keys, rows)
        self._shrink(owner)

    def remove(self, owner: str, ids: Sequence[int]) -> int:
        """See `VectorIndex.remove`; with a source, how many were in memory."""
        check_owner(owner)
        keys, shelf = check_ids(ids), self._shelf(owner)
        with shelf.lock:
            return 0 if shelf.vectors is None else shelf.vectors.remove(keys)

    def search(self, owner: str, queries: NDArray[Any], k: int) -> tuple[Scores, Ids]:
        """See `VectorIndex.search`; in clusters some of the nearest may be missed."""
        check_owner(owner)
        wanted, rows = check_k(k), check_matrix(queries, self.dim, "queries")
        return self.vectors(owner).search(rows, wanted)

    def count(self, owner: str) -> int:
        """See `VectorIndex.count`."""
        check_owner(owner)
        return len(self.vectors(owner))

    def delete_owner(self, owner: str) -> None:
        """See `VectorIndex.delete_owner`."""
        check_owner(owner)
        with self._lock:
            shelf = self._shelves.pop(owner, None)
        if shelf is not None and shelf.vectors is not None:
            shelf.vectors.leave()
        if self._snapshots is not None:
            self._snapshots.drop(owner)

    def keep(self, owner: str) -> None:
        """Write a snapshot of an owner's clusters as they are now, if they are in memory."""
        check_owner(owner)
        shelf = self._shelf(owner)
        with shelf.lock:
            vectors = shelf.vectors
        if vectors is not None:
            vectors.keep()

    def vectors(self, owner: str) -> OwnerVectors:
        """An owner's vectors, read from the source if they are not in memory."""
        shelf = self._shelf(owner)
        with shelf.lock:
            if shelf.vectors is not None:
                return shelf.vectors
            found = self._none(owner)
            if self._source is None:
                return found  # nobody is kept for having been asked for
            ids, matrix = self._source.vectors_of(owner)
            if len(ids):
                found.add(np.asarray(ids, np.int64), check_matrix(matrix, self.dim, "vectors"))
            shelf.vectors = found
        self._shrink(owner)
        return found

    @property
    def nbytes(self) -> int:
        """Bytes of all owners in memory, about."""
        with self._lock:
            return sum(shelf.vectors.nbytes for shelf in self._shelves.values() if shelf.vectors is not None)

    def _none(self, owner: str) -> OwnerVectors:
        return OwnerVectors(self.dim, self._plan, owner, self._snapshots)

    def _shelf(self, owner: str) -> _Shelf:
        with self._lock:
            shelf = self._shelves.setdefault(owner, _Shelf())
            self._shelves.move_to_end(owner)
            return shelf

    def _shrink(self, using: str) -> None:
        """Let go of the owners used longest ago; the one in use stays, however large."""
        if self._quota is None:
            return
        with self._lock:
            held = {o: s.vectors.nbytes for o, s in self._shelves.items() if s.vectors is not None}
            total = sum(held.values())
            for owner, size in held.items():
                if total <= self._quota:
                    break
                if owner != using:
                    del self._shelves[owner]
                    total -= size
