"""Many vectors in clusters, of which a search looks at a few: how few is measured, not guessed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from .cluster_snapshot import ClusterSnapshot
from .errors import SettingError
from .vectors import Ids, Scores, alone, best_of, load_faiss

__all__ = ["GROWN", "ClusterPlan", "Clusters"]

GROWN: Final = 2
"""Clusters are found anew when there are so many times the vectors that they were found for."""

_SEED: Final = 20_261_121
# Of a snapshot with fewer of the vectors too little is known.
_KNOWN: Final = 0.5


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """When an owner's vectors are put in clusters, and how well a search among them must do.

    Attributes:
        least: from how many vectors on; fewer are compared one by one, which is exact.
        recall: share of the true ten nearest that has to be found, measured on ``samples`` queries, and
            surpassed by two standard errors of that measurement.
        samples: how many queries the recall is measured with.
        noise: length of the random step from a stored (unit) vector to a query of that measurement: another
            photo of the same thing.
        train: vectors per cluster that the clusters are found with.

    Raises:
        SettingError: a number out of its range.
    """

    least: int = 100_000
    recall: float = 0.99
    samples: int = 256
    noise: float = 0.5
    train: int = 40

    def __post_init__(self) -> None:
        if self.least < 2 or self.samples < 1 or self.train < 1:
            raise SettingError(f"least is 2 or more, samples and train 1 or more, got {self}")
        if not 0.0 < self.recall <= 1.0 or self.noise < 0.0:
            raise SettingError(f"recall is above 0 and at most 1, noise 0 or more, got {self}")


class Clusters:
    """FAISS ``IndexIVFFlat`` with inner products, its ``nprobe`` the smallest that reached the recall.

    Source: Jegou, Douze and Schmid, "Product Quantization for Nearest Neighbor Search" (2011), section 4.1,
    here without quantization: vectors are compared in full within the clusters that are looked at.

    Attributes:
        probes: how many clusters a search looks at.
        recall: share of the ten nearest that was found with them, when the clusters were made.
        found_for: how many vectors the clusters were found for.
    """

    def __init__(self, index: Any, probes: int, recall: float, found_for: int) -> None:
        faiss = load_faiss()
        self._index, self.probes, self.recall, self.found_for = index, probes, recall, found_for
        index.nprobe = probes
        # Without it every removal looks at all clusters.
        index.set_direct_map_type(faiss.DirectMap.Hashtable)

    @classmethod
    def build(cls, ids: Ids, matrix: Scores, plan: ClusterPlan) -> Self | None:
        """Clusters of vectors (n, dim); None if looking at a quarter of them does not reach the recall."""
        count, dim = matrix.shape
        lists = max(1, min(round(4 * math.sqrt(count)), count))
        index = _empty(dim, lists)
        index.cp.seed, index.cp.niter, index.cp.min_points_per_centroid = _SEED, 10, 1
        chance = np.random.default_rng(_SEED)
        some = chance.choice(count, min(count, plan.train * lists), replace=False)
        index.train(matrix[np.sort(some)])
        index.add_with_ids(matrix, ids)
        taken = chance.choice(count, min(count, plan.samples), replace=False)
        step = chance.standard_normal((len(taken), dim)).astype(np.float32)
        step *= plan.noise / np.linalg.norm(step, axis=1, keepdims=True)
        queries = matrix[taken] + step
        wanted = min(10, count)
        true = _nearest(ids, matrix, queries, wanted)
        probes = 1
        while probes <= max(1, lists // 4):
            index.nprobe = probes
            _, found = index.search(queries, wanted)
            shares = np.array([np.isin(t, f).mean() for t, f in zip(true, found, strict=True)])
            recall = float(shares.mean())
            # Other queries may fare worse than these by chance: two standard errors.
            if recall - 2 * float(shares.std()) / math.sqrt(len(shares)) >= plan.recall:
                return cls(index, probes, recall, count)
            probes *= 2
        return None

    @classmethod
    def restore(cls, snapshot: ClusterSnapshot, ids: Ids, matrix: Scores, plan: ClusterPlan) -> Self | None:
        """Vectors (n, dim) in the clusters of a snapshot; those that it does not know go where they fit.

        None if the snapshot is stale: it knows less than half of them, its recall is too low, or there are
        twice as many as its clusters were found for.
        """
        order = np.argsort(snapshot.ids)
        known = snapshot.ids[order]
        place = np.searchsorted(known, ids)
        place[place == len(known)] = 0
        there = known[place] == ids if len(known) else np.zeros(len(ids), bool)
        grown = len(ids) >= GROWN * snapshot.found_for
        if snapshot.recall < plan.recall or grown or there.mean() < _KNOWN:
            return None
        faiss = load_faiss()
        index = _empty(matrix.shape[1], len(snapshot.centres))
        index.quantizer.add(snapshot.centres)
        index.is_trained = True
        lists = np.empty(len(ids), np.int64)
        lists[there] = snapshot.lists[order][place[there]]
        if not there.all():
            lists[~there] = index.quantizer.search(matrix[~there], 1)[1][:, 0]
        with alone(0):  # it copies, which more threads do no faster
            index.add_core(len(ids), *map(faiss.swig_ptr, (matrix, ids, lists)))
        return cls(index, snapshot.probes, snapshot.recall, snapshot.found_for)

    def snapshot(self) -> ClusterSnapshot:
        """What was learned, without the vectors."""
        faiss = load_faiss()
        flat = faiss.downcast_index(self._index.quantizer)
        shape = (self._index.nlist, self._index.d)
        centres = faiss.rev_swig_ptr(flat.get_xb(), shape[0] * shape[1]).reshape(shape).copy()
        sizes = [self._index.invlists.list_size(number) for number in range(self._index.nlist)]
        lists = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        return ClusterSnapshot(centres, self.ids(), lists, self.probes, self.recall, self.found_for)

    def add(self, ids: Ids, rows: Scores) -> None:
        """Add vectors under new ids."""
        with alone(rows.size * self._index.nlist):
            self._index.add_with_ids(rows, ids)

    def remove(self, ids: Ids) -> None:
        """Remove ids that are there."""
        faiss = load_faiss()
        self._index.remove_ids(faiss.IDSelectorArray(len(ids), faiss.swig_ptr(ids)))

    def search(self, rows: Scores, k: int) -> tuple[Scores, Ids]:
        """The k best of the clusters looked at; see `VectorIndex.search`."""
        listed = self._index.nlist + self.probes * self._index.ntotal // self._index.nlist
        with alone(rows.size * listed):
            scores, keys = self._index.search(rows, k)
        scores[keys < 0] = -np.inf
        return best_of(scores, keys, k)

    def ids(self) -> Ids:
        """All ids, cluster by cluster."""
        faiss = load_faiss()
        lists = self._index.invlists
        found = [np.zeros(0, np.int64)]
        for number in range(self._index.nlist):
            size = lists.list_size(number)
            if size:
                found.append(faiss.rev_swig_ptr(lists.get_ids(number), size).copy())
        return np.concatenate(found)

    def rows(self, ids: Ids) -> Scores:
        """The vectors (n, dim) of ids that are there."""
        found = np.empty((len(ids), self._index.d), np.float32)
        for place, key in enumerate(ids.tolist()):
            found[place] = self._index.reconstruct(key)
        return found

    @property
    def nbytes(self) -> int:
        """Bytes of vectors, ids and centres."""
        return int((self._index.ntotal + self._index.nlist) * 4 * self._index.d + self._index.ntotal * 24)


def _empty(dim: int, lists: int) -> Any:
    faiss = load_faiss()
    return faiss.IndexIVFFlat(faiss.IndexFlatIP(dim), dim, lists, faiss.METRIC_INNER_PRODUCT)


def _nearest(ids: Ids, matrix: Scores, queries: Scores, k: int, at_once: int = 65_536) -> list[Ids]:
    """The true k nearest ids of each query."""
    scores = np.zeros((len(queries), 0), np.float32)
    keys = np.zeros((len(queries), 0), np.int64)
    for start in range(0, len(matrix), at_once):
        some = queries @ matrix[start : start + at_once].T
        part = np.argpartition(-some, min(k, some.shape[1] - 1), axis=1)[:, :k]
        scores = np.concatenate([scores, np.take_along_axis(some, part, axis=1)], axis=1)
        keys = np.concatenate([keys, ids[start : start + at_once][part]], axis=1)
        scores, keys = best_of(scores, keys, k)
    return list(keys)
