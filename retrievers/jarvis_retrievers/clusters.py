"""Many vectors in clusters, of which a search looks at a few: how few is measured, not guessed."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from .errors import CorruptRecordError, SettingError
from .vectors import Ids, Scores, best_of, load_faiss

__all__ = ["ClusterPlan", "Clusters"]

_SEED: Final = 20_261_121
_MAGIC: Final = b"JRVSIVF1"
_SIZE: Final = 8


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """When an owner's vectors are put in clusters, and how well a search among them must do.

    Attributes:
        least: from how many vectors on; fewer are compared one by one, which is exact.
        recall: share of the true ten nearest that has to be found, measured on ``samples`` queries.
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
    """

    def __init__(self, index: Any, probes: int, recall: float) -> None:
        faiss = load_faiss()
        self._index, self.probes, self.recall = index, probes, recall
        index.nprobe = probes
        # Without it every removal looks at all clusters.
        index.set_direct_map_type(faiss.DirectMap.Hashtable)

    @classmethod
    def build(cls, ids: Ids, matrix: Scores, plan: ClusterPlan) -> Self | None:
        """Clusters of vectors (n, dim); None if looking at a quarter of them does not reach the recall."""
        faiss = load_faiss()
        count, dim = matrix.shape
        lists = max(1, min(round(4 * math.sqrt(count)), count))
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dim), dim, lists, faiss.METRIC_INNER_PRODUCT)
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
            recall = float(np.mean([np.isin(t, f).mean() for t, f in zip(true, found, strict=True)]))
            if recall >= plan.recall:
                return cls(index, probes, recall)
            probes *= 2
        return None

    def add(self, ids: Ids, rows: Scores) -> None:
        """Add vectors under new ids."""
        self._index.add_with_ids(rows, ids)

    def remove(self, ids: Ids) -> None:
        """Remove ids that are there."""
        faiss = load_faiss()
        self._index.remove_ids(faiss.IDSelectorArray(len(ids), faiss.swig_ptr(ids)))

    def search(self, rows: Scores, k: int) -> tuple[Scores, Ids]:
        """The k best of the clusters looked at; see `VectorIndex.search`."""
        scores, keys = self._index.search(rows, k)
        scores[keys < 0] = -np.inf
        return best_of(scores, keys, k)

    def ids(self) -> Ids:
        """All ids, in no order."""
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

    def to_bytes(self) -> bytes:
        """A snapshot. Keep its digest elsewhere: `from_bytes` hands the bytes to a native parser."""
        faiss = load_faiss()
        header = json.dumps({"probes": self.probes, "recall": self.recall}).encode()
        self._index.set_direct_map_type(faiss.DirectMap.NoMap)
        try:
            body: bytes = faiss.serialize_index(self._index).tobytes()
        finally:
            self._index.set_direct_map_type(faiss.DirectMap.Hashtable)
        return _MAGIC + len(header).to_bytes(_SIZE, "little") + header + body

    @classmethod
    def from_bytes(cls, data: bytes, dim: int) -> Self:
        """Clusters from a snapshot whose digest was checked.

        Raises:
            CorruptRecordError: it is no snapshot of vectors of this length.
        """
        faiss = load_faiss()
        try:
            start = len(_MAGIC) + _SIZE
            size = int.from_bytes(data[len(_MAGIC) : start], "little")
            if data[: len(_MAGIC)] != _MAGIC or size > len(data) - start:
                raise ValueError("it does not begin as one")
            header = json.loads(data[start : start + size])
            index = faiss.deserialize_index(np.frombuffer(data, np.uint8, offset=start + size))
            if not isinstance(index, faiss.IndexIVFFlat) or index.d != dim:
                raise ValueError(f"it holds no clusters of vectors of length {dim}")
            return cls(index, int(header["probes"]), float(header["recall"]))
        except (ValueError, KeyError, TypeError, RuntimeError) as error:
            raise CorruptRecordError(
                f"this is no snapshot of an index: {error}; delete it, it is made again from the catalogue"
            ) from error


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
