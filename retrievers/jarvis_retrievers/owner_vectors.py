"""One owner's vectors in FAISS: compared one by one while they are few, in clusters once they are many."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from .cluster_snapshot import ClusterSnapshot
from .clusters import GROWN, ClusterPlan, Clusters
from .errors import CorruptRecordError, StoreError
from .log import log
from .snapshots import Snapshots
from .vectors import Ids, Scores, alone, best_of, check_new, load_faiss

__all__ = ["OwnerVectors"]


class OwnerVectors:
    """Vectors under ids, searched exactly or, from ``plan.least`` on, in clusters.

    Clusters are found by a thread of their own; meanwhile searches are exact, and what is added or removed is
    noted and done again on the clusters before these are used. Threads may share it.

    Args:
        dim: length of a vector.
        plan: when clusters are made.
        owner: whose vectors.
        snapshots: where clusters are kept, and read from in place of finding them anew.
    """

    def __init__(
        self, dim: int, plan: ClusterPlan, owner: str = "", snapshots: Snapshots | None = None
    ) -> None:
        self._dim, self._plan = dim, plan
        self._owner, self._snapshots = owner, snapshots
        self._lock, self._keeping = threading.RLock(), threading.Lock()
        self._keys: set[int] = set()
        self._exact: Any = _exact(dim)
        self._clusters: Clusters | None = None
        self._asked_at = 0
        self._noted: list[tuple[Ids, Scores | None]] = []
        self._maker: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: int) -> bool:
        return key in self._keys

    @property
    def clusters(self) -> Clusters | None:
        """The clusters that are searched, None while searches are exact."""
        return self._clusters

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors and what belongs to them, about."""
        with self._lock:
            rows = 0 if self._clusters else len(self._keys) * (4 * self._dim + 24)
            return rows + (self._clusters.nbytes if self._clusters else 0) + 64 * len(self._keys)

    def add(self, ids: Ids, rows: Scores) -> None:
        """Add vectors; all of them or none.

        Raises:
            InputError: an id given twice or there already, or not as many ids as vectors.
        """
        with self._lock:
            # FAISS itself would take an id twice and then answer with it twice.
            check_new(ids, rows, self._keys)
            if self._clusters:
                self._clusters.add(ids, rows)
            else:
                self._exact.add_with_ids(rows, ids)
            if self._maker:
                self._noted.append((ids, rows))
            self._keys.update(ids.tolist())
            many = len(self._keys) >= max(self._plan.least, GROWN * self._asked_at)
            if many and self._maker is None:
                self._asked_at = len(self._keys)
                self._maker = threading.Thread(target=self._make, name="jarvis-clusters", daemon=True)
                self._maker.start()

    def remove(self, ids: Ids) -> int:
        """Remove these ids where they exist; returns how many did."""
        with self._lock:
            known = np.array(sorted(self._keys.intersection(ids.tolist())), dtype=np.int64)
            if len(known):
                if self._clusters:
                    self._clusters.remove(known)
                else:
                    self._exact.remove_ids(known)
                if self._maker:
                    self._noted.append((known, None))
                self._keys.difference_update(known.tolist())
                if not self._clusters:
                    # FAISS moves the others up and keeps its room, with the last of the old numbers in it.
                    ids, rows = self._dump()
                    self._exact = _exact(self._dim)
                    self._exact.add_with_ids(rows, ids)
            return len(known)

    def search(self, rows: Scores, k: int) -> tuple[Scores, Ids]:
        """The k best for each query; see `VectorIndex.search`."""
        with self._lock:
            total = len(self._keys)
            if total == 0 or len(rows) == 0:
                none = np.zeros((len(rows), 0))
                return best_of(none.astype(np.float32), none.astype(np.int64), k)
            if self._clusters:
                return self._clusters.search(rows, k)
            # FAISS breaks ties as it likes, also at the cut: ask until what is cut off is truly worse.
            fetch = min(total, k + 1)
            while True:
                with alone(rows.size * total):
                    scores, keys = self._exact.search(rows, fetch)
                if fetch == total or (fetch > k and bool((scores[:, k - 1] > scores[:, -1]).all())):
                    return best_of(scores, keys, k)
                fetch = min(total, 2 * fetch)

    def settle(self) -> None:
        """Wait until no clusters are being made."""
        maker = self._maker
        if maker is not None:
            maker.join()

    def keep(self) -> None:
        """Write a snapshot of the clusters, if there are any and somewhere to keep it."""
        with self._keeping:
            if self._snapshots is None:
                return
            with self._lock:
                taken = self._clusters.snapshot() if self._clusters else None
            if taken is None:
                return
            try:
                self._snapshots.write(self._owner, taken.to_bytes())
            except StoreError as error:
                log("cache.unkept", what="clusters", error=error)

    def leave(self) -> None:
        """Keep no snapshot from now on; one that is being written is there when this returns."""
        with self._keeping:
            self._snapshots = None

    def _make(self) -> None:
        """Find clusters, or take them from a snapshot; runs in a thread."""
        try:
            with self._lock:
                self._noted = []
                ids, matrix = self._dump()
                first = self._clusters is None
            made = self._kept(ids, matrix) if first else None
            fresh = made is None
            made = made or Clusters.build(ids, matrix, self._plan)
            del matrix
            with self._lock:
                if made is None:
                    log("cache.exact", found=len(ids))
                    return
                fresh = fresh or bool(self._noted)
                for keys, rows in self._noted:
                    if rows is None:
                        made.remove(keys)
                    else:
                        made.add(keys, rows)
                self._clusters, self._exact = made, _exact(self._dim)
                self._asked_at = made.found_for
            if fresh:
                self.keep()
        finally:
            with self._lock:
                self._maker, self._noted = None, []

    def _kept(self, ids: Ids, matrix: Scores) -> Clusters | None:
        """Clusters from a snapshot, if there is one that fits."""
        snapshots = self._snapshots
        if snapshots is None:
            return None
        try:
            data = snapshots.read(self._owner)
            if data is None:
                return None
            return Clusters.restore(ClusterSnapshot.from_bytes(data, self._dim), ids, matrix, self._plan)
        except CorruptRecordError as error:
            log("damage.found", what="clusters", error=error)
        except StoreError as error:
            log("cache.unkept", what="clusters", error=error)
        return None

    def _dump(self) -> tuple[Ids, Scores]:
        faiss = load_faiss()
        if self._clusters:
            ids = np.sort(self._clusters.ids())
            return ids, self._clusters.rows(ids)
        count = len(self._keys)
        ids = faiss.vector_to_array(self._exact.id_map).astype(np.int64)
        flat = faiss.downcast_index(self._exact.index)
        return ids, faiss.rev_swig_ptr(flat.get_xb(), count * self._dim).reshape(count, self._dim).copy()


def _exact(dim: int) -> Any:
    faiss = load_faiss()
    return faiss.IndexIDMap2(faiss.IndexFlatIP(dim))
