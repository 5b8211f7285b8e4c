"""`VectorIndex` in PostgreSQL: pgvector compares, so that a server needs to hold nobody's vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from numpy.typing import NDArray

from jarvis_retrievers.errors import InputError
from jarvis_retrievers.index import Rebuilt
from jarvis_retrievers.vectors import (
    Ids,
    Scores,
    check_owner,
)

from .cluster import Cluster
from .index_names import index_name
from .index_steps import IndexSteps
from .lots import PHOTOS
from .steps import done

__all__ = ["HUGE", "PostgresIndex"]

HUGE: Final = 100_000
"""From so many vectors on, `ClusterPlan.least` of the index in memory too, an owner may have a graph."""

_WIDEST: Final = 4000  # of halfvec in a graph; pgvector, README, "HNSW"


class PostgresIndex:
    """Vectors of many owners in one cluster, kept as float16. Threads and machines share it.

    A search compares all vectors of the owner with the queries in float32, which is exact. An owner for whom
    `build` was called is searched in a graph: Malkov and Yashunin, "Efficient and robust approximate nearest
    neighbor search using Hierarchical Navigable Small World graphs" (2016). It gives candidates; their scores
    are exact.

    Args:
        cluster: where.
        dim: length of a vector.
        space: ``"photos"`` for the vectors of the record: the catalogue writes and deletes them, so that
            `add` only sees that they are there and `remove` removes nothing. Another name holds what `add` is
            given.
        candidates: how many are looked for in a graph, 1 to 1000, or ``k`` if that is more.

    Raises:
        InputError: ``dim`` is less than 1. SettingError: a space or a number that cannot be.
    """

    def __init__(self, cluster: Cluster, dim: int, *, space: str = PHOTOS, candidates: int = 200) -> None:
        self._steps = IndexSteps(dim, space, candidates)
        self.dim, self.space = self._steps.dim, self._steps.space
        self._cluster = cluster

    def add(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> None:
        """See `VectorIndex.add`.

        Raises:
            InputError: also a number beyond float16, or an id that the record does not have.
        """
        steps = self._steps.add(owner, ids, vectors)
        with self._cluster.write(owner) as session:
            done(steps, session)

    def remove(self, owner: str, ids: Sequence[int]) -> int:
        """See `VectorIndex.remove`; 0 of the record."""
        steps = self._steps.remove(owner, ids)
        if self._steps.of_record:
            return 0
        with self._cluster.write(owner) as session:
            return done(steps, session)

    def rebuild(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> Rebuilt:
        """See `RebuildableIndex.rebuild`; of the record, only counts those that are there."""
        steps = self._steps.rebuild(owner, ids, vectors)
        with self._cluster.read(owner) if self._steps.of_record else self._cluster.write(owner) as session:
            return done(steps, session)

    def search(self, owner: str, queries: NDArray[Any], k: int) -> tuple[Scores, Ids]:
        """See `VectorIndex.search`; in a graph some of the nearest may be missed."""
        steps = self._steps.search(owner, queries, k)
        with self._cluster.read(owner) as session:
            return done(steps, session)

    def count(self, owner: str) -> int:
        """See `VectorIndex.count`."""
        steps = self._steps.count(owner)
        with self._cluster.read(owner) as session:
            return done(steps, session)

    def delete_owner(self, owner: str) -> None:
        """See `VectorIndex.delete_owner`; of the record, only the graph goes."""
        check_owner(owner)
        with self._cluster.write(owner) as session:
            session.run(f'DROP INDEX IF EXISTS "{index_name(owner, self.space, self.dim)}"')
            if not self._steps.of_record:
                session.run("DELETE FROM vectors WHERE owner = %s AND space = %s", (owner, self.space))

    def build(self, owner: str, least: int = HUGE) -> bool:
        """Give an owner of ``least`` vectors or more a graph; whether there is one now.

        Others may read and write while it is built. Vectors that come later get into it by themselves.

        Raises:
            InputError: the owner has vectors of another length, or these are too long for a graph.
        """
        if self.dim > _WIDEST:
            raise InputError(
                f"vectors of a graph have up to {_WIDEST} numbers, got {self.dim}; search without"
            )
        if self.count(owner) < least:
            return False
        name = index_name(owner, self.space, self.dim)
        with self._cluster.read(owner) as session:
            if done(self._steps.graph(owner), session):
                return True
            place = "SELECT tableoid::regclass::text FROM vectors WHERE owner = %s AND space = %s LIMIT 1"
            leaf = session.row(place, (owner, self.space))
            other = (
                "SELECT 1 FROM vectors WHERE owner = %s AND space = %s AND vector_dims(data) <> %s LIMIT 1"
            )
            if session.row(other, (owner, self.space, self.dim)):
                raise InputError(
                    f"some vectors of this owner do not have {self.dim} numbers; encode all concepts again"
                )
        if leaf is None:
            return False
        with self._cluster.alone() as session:
            # What a build that was cut short has left is no index.
            session.run(f'DROP INDEX IF EXISTS "{name}"')
            session.run(
                f'CREATE INDEX CONCURRENTLY "{name}" ON {leaf[0]} USING hnsw ((data::halfvec({self.dim})) '
                f"halfvec_ip_ops) WHERE {self._steps.whose(owner)}"
            )
            session.run(f'ALTER INDEX "{name}" ALTER COLUMN 1 SET STATISTICS 0')
        return True
