"""How many processes of each stage there are, and what of the machines each may take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

__all__ = ["Shares"]


@dataclass(frozen=True, slots=True)
class Shares:
    """Processes of each stage, and cores and GPUs (or parts of them) of each."""

    readers: int
    embedders: int
    writers: int
    encoders: int
    cpus_each: float
    gpus_each: float

    @classmethod
    def of(cls, resources: Mapping[str, float], *, one_writer: bool, segments: bool) -> Self:
        """All of what a cluster has (``CPU``, ``GPU``), so that every stage finds room.

        Embedding is most of the work. With fewer than four cores the writer encodes segments, too: each
        process has its own models.
        """
        cpus, gpus = resources.get("CPU", 1.0), resources.get("GPU", 0.0)
        embedders, quarter = max(1, math.ceil(0.6 * cpus)), max(1, int(cpus / 4))
        readers = max(1, int(cpus / 8))
        writers, encoders = 1 if one_writer else quarter, quarter if segments and cpus >= 4 else 0
        # Ray counts in parts of 10,000.
        each = int(1e4 * min(1.0, cpus / (readers + embedders + writers + encoders))) / 1e4
        part = int(1e4 * min(1.0, gpus / (embedders + encoders))) / 1e4
        return cls(readers, embedders, writers, encoders, each, part)
