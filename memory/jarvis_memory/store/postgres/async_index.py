"""`PostgresIndex` for asynchronous programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from jarvis_retrievers.vectors import Ids, Scores

from .async_cluster import AsyncCluster
from .index_steps import IndexSteps
from .lots import PHOTOS
from .steps import adone

__all__ = ["AsyncPostgresIndex"]


class AsyncPostgresIndex:
    """The same rows, searched and written without a thread for each call.

    A graph is built by `PostgresIndex.build`, and is used here.

    Args:
        cluster: where. The others are those of `PostgresIndex`.
    """

    def __init__(
        self, cluster: AsyncCluster, dim: int, *, space: str = PHOTOS, candidates: int = 200
    ) -> None:
        self._steps = IndexSteps(dim, space, candidates)
        self.dim, self.space = self._steps.dim, self._steps.space
        self._cluster = cluster

    async def add(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> None:
        """See `PostgresIndex.add`."""
        steps = self._steps.add(owner, ids, vectors)
        async with self._cluster.write(owner) as session:
            await adone(steps, session)

    async def remove(self, owner: str, ids: Sequence[int]) -> int:
        """See `PostgresIndex.remove`."""
        steps = self._steps.remove(owner, ids)
        if self._steps.of_record:
            return 0
        async with self._cluster.write(owner) as session:
            return await adone(steps, session)

    async def search(self, owner: str, queries: NDArray[Any], k: int) -> tuple[Scores, Ids]:
        """See `PostgresIndex.search`."""
        steps = self._steps.search(owner, queries, k)
        async with self._cluster.read(owner) as session:
            return await adone(steps, session)

    async def count(self, owner: str) -> int:
        """See `PostgresIndex.count`."""
        steps = self._steps.count(owner)
        async with self._cluster.read(owner) as session:
            return await adone(steps, session)
