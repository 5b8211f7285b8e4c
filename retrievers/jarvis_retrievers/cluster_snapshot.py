"""What is learned about many vectors, without them: the centres of clusters, and which id is in which."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from .errors import CorruptRecordError
from .tensor_file import header_of
from .vectors import Ids, Scores

__all__ = ["ClusterSnapshot"]

_VERSION: Final = 1
_KEY: Final = "clusters"


@dataclass(frozen=True, eq=False, slots=True)
class ClusterSnapshot:
    """Clusters as they are kept on a disk. The vectors themselves are in the record already.

    Attributes:
        centres: float32 (lists, dim).
        ids: int64 (n,), each once.
        lists: int32 (n,), the cluster that each id is in.
        probes: how many clusters a search looks at.
        recall: share of the ten nearest that was found with them.
        found_for: how many vectors the centres were found for.
    """

    centres: Scores
    ids: Ids
    lists: NDArray[np.int32]
    probes: int
    recall: float
    found_for: int

    def to_bytes(self) -> bytes:
        """A safetensors file: tensors ``centres``, ``ids`` and ``lists``, the rest as JSON in its header."""
        from safetensors.numpy import save

        told = {
            "version": _VERSION,
            "probes": self.probes,
            "recall": self.recall,
            "found_for": self.found_for,
        }
        tensors: dict[str, NDArray[Any]] = {"centres": self.centres, "ids": self.ids, "lists": self.lists}
        return save(tensors, {_KEY: json.dumps(told)})

    @classmethod
    def from_bytes(cls, data: bytes, dim: int) -> Self:
        """What `to_bytes` gave, every number of it checked; nothing of it is code and FAISS does not see it.

        Raises:
            CorruptRecordError: it is no snapshot of clusters of vectors of this length.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            told = json.loads(header_of(data)["__metadata__"][_KEY])
            tensors = load(data)
            centres, ids, lists = tensors["centres"], tensors["ids"], tensors["lists"]
            made = cls(
                centres, ids, lists, int(told["probes"]), float(told["recall"]), int(told["found_for"])
            )
            made._check(int(told["version"]), dim)
        except (SafetensorError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise CorruptRecordError(
                f"this is no snapshot of clusters: {error}; delete it, it is made again from the catalogue"
            ) from error
        return made

    def _check(self, version: int, dim: int) -> None:
        types = [tensor.dtype.name for tensor in (self.centres, self.ids, self.lists)]
        if version != _VERSION or types != ["float32", "int64", "int32"]:
            raise ValueError(f"version {version} with {', '.join(types)}")
        if self.centres.ndim != 2 or self.centres.shape[1] != dim or not len(self.centres):
            raise ValueError(f"centres of shape {self.centres.shape} for vectors of length {dim}")
        if self.ids.ndim != 1 or self.ids.shape != self.lists.shape:
            raise ValueError(f"{self.ids.shape} ids in {self.lists.shape} clusters")
        if not np.isfinite(self.centres).all():
            raise ValueError("a centre that is not finite")
        if len(self.lists) and (self.lists.min() < 0 or self.lists.max() >= len(self.centres)):
            raise ValueError("an id in a cluster that is not there")
        if len(self.ids) and (self.ids.min() < 0 or (np.diff(np.sort(self.ids)) == 0).any()):
            raise ValueError("an id below 0, or there twice")
        if not 1 <= self.probes <= len(self.centres) or self.found_for < 1:
            raise ValueError(f"{self.probes} of {len(self.centres)} clusters, for {self.found_for} vectors")
        if not (math.isfinite(self.recall) and 0.0 <= self.recall <= 1.0):
            raise ValueError(f"a recall of {self.recall}")
