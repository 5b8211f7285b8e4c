"""`VectorIndex` in PostgreSQL: pgvector compares, so that a server needs to hold nobody's vectors."""

# ruff: noqa: S608  (statements hold names of tables and columns; values are bound)
from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.vectors import (
    Ids,
    Scores,
    best_of,
    check_dim,
    check_ids,
    check_k,
    check_matrix,
    check_new,
    check_owner,
)

from .cluster import Cluster
from .index_names import index_name
from .lots import PHOTOS, as_texts
from .session import Row, Session

__all__ = ["HUGE", "PostgresIndex"]

HUGE: Final = 100_000
"""From so many vectors on, `ClusterPlan.least` of the index in memory too, an owner may have a graph."""

_SPACE = re.compile(r"[a-z][a-z0-9-]{0,30}\Z")
_WIDEST: Final = 4000  # of halfvec in a graph; pgvector, README, "HNSW"
_MOST: Final = 1000  # candidates, likewise
_SCORE: Final = "-(data::vector <#> %s::vector)"


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
        if not _SPACE.match(space) or space in ("texts", "gone"):
            raise SettingError(
                f"a space is 1 to 31 letters, digits or -, and not texts or gone, got {space!r}"
            )
        if not 1 <= candidates <= _MOST:
            raise SettingError(f"candidates are 1 to {_MOST}, got {candidates}")
        self.dim, self.space = check_dim(dim), space
        self._cluster, self._candidates = cluster, candidates

    def add(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> None:
        """See `VectorIndex.add`.

        Raises:
            InputError: also a number beyond float16, or an id that the record does not have.
        """
        check_owner(owner)
        keys, rows = check_ids(ids), check_matrix(vectors, self.dim, "vectors")
        check_new(keys, rows, ())
        with np.errstate(over="ignore"):
            half = rows.astype(np.float16)
        if not np.isfinite(half).all():
            raise InputError("vectors must be finite as float16, whose largest number is 65504; scale them")
        place = (owner, self.space, keys.tolist())
        with self._cluster.write(owner) as session:
            there = {
                int(row[0])
                for row in session.rows(
                    "SELECT id FROM vectors WHERE owner = %s AND space = %s AND id = ANY(%s)", place
                )
            }
            if self.space == PHOTOS:
                missing = sorted(set(place[2]) - there)
                if missing:
                    raise InputError(f"the record has no vector {missing[0]}; write the concept first")
                return
            check_new(keys, rows, there)
            session.run(
                "INSERT INTO vectors (owner, space, id, data) SELECT %s, %s, id, data::halfvec "
                "FROM unnest(%s::bigint[], %s::text[]) AS given (id, data)",
                (*place, as_texts(half)),
            )

    def remove(self, owner: str, ids: Sequence[int]) -> int:
        """See `VectorIndex.remove`; 0 of the record."""
        check_owner(owner)
        keys = check_ids(ids)
        if self.space == PHOTOS:
            return 0
        with self._cluster.write(owner) as session:
            statement = "DELETE FROM vectors WHERE owner = %s AND space = %s AND id = ANY(%s)"
            return session.run(statement, (owner, self.space, keys.tolist()))

    def search(self, owner: str, queries: NDArray[Any], k: int) -> tuple[Scores, Ids]:
        """See `VectorIndex.search`; in a graph some of the nearest may be missed."""
        check_owner(owner)
        wanted, rows = check_k(k), check_matrix(queries, self.dim, "queries")
        scores = np.full((len(rows), wanted), -np.inf, dtype=np.float32)
        ids = np.full((len(rows), wanted), -1, dtype=np.int64)
        with self._cluster.read(owner) as session:
            graph = wanted <= _MOST and self._graph(session, owner)
            if graph:
                settings = (
                    "SELECT set_config('hnsw.ef_search', %s, true), set_config('enable_sort', 'off', true)"
                )
                session.run(settings, (str(max(wanted, self._candidates)),))
            for place, text in enumerate(as_texts(rows)):
                found = self._candidates_of(session, owner, text, wanted) if graph else []
                # Rows that were deleted since are in the graph until the next VACUUM, and may leave too few.
                if len(found) < wanted:
                    found = self._all_of(session, owner, text, wanted)
                if found:
                    some = np.array([[row[1] for row in found]], dtype=np.float32)
                    keys = np.array([[row[0] for row in found]], dtype=np.int64)
                    scores[place : place + 1], ids[place : place + 1] = best_of(some, keys, wanted)
        return scores, ids

    def count(self, owner: str) -> int:
        """See `VectorIndex.count`."""
        check_owner(owner)
        with self._cluster.read(owner) as session:
            row = session.row(
                "SELECT count(*) FROM vectors WHERE owner = %s AND space = %s AND vector_dims(data) = %s",
                (owner, self.space, self.dim),
            )
        return int(row[0]) if row else 0

    def delete_owner(self, owner: str) -> None:
        """See `VectorIndex.delete_owner`; of the record, only the graph goes."""
        check_owner(owner)
        with self._cluster.write(owner) as session:
            session.run(f'DROP INDEX IF EXISTS "{index_name(owner, self.space, self.dim)}"')
            if self.space != PHOTOS:
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
            if self._graph(session, owner):
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
                f"halfvec_ip_ops) WHERE {self._whose(owner)}"
            )
            session.run(f'ALTER INDEX "{name}" ALTER COLUMN 1 SET STATISTICS 0')
        return True

    def _graph(self, session: Session, owner: str) -> bool:
        query = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
        row = session.row(query, (f'"{index_name(owner, self.space, self.dim)}"',))
        return bool(row and row[0])

    def _all_of(self, session: Session, owner: str, query: str, k: int) -> list[Row]:
        return session.rows(
            f"SELECT id, {_SCORE} FROM vectors WHERE owner = %s AND space = %s AND vector_dims(data) = %s "
            "ORDER BY data::vector <#> %s::vector, id LIMIT %s",
            (query, owner, self.space, self.dim, query, k),
        )

    def _candidates_of(self, session: Session, owner: str, query: str, k: int) -> list[Row]:
        # In the statement itself: the planner takes the graph only if it sees whose the rows are.
        near = (
            f"SELECT id, data FROM vectors WHERE {self._whose(owner).replace('%', '%%')} "
            f"ORDER BY data::halfvec({self.dim}) <#> %s::halfvec({self.dim}) LIMIT %s"
        )
        values = (query, query, max(k, self._candidates))
        return session.rows(f"SELECT id, {_SCORE} FROM ({near}) AS near", values)

    def _whose(self, owner: str) -> str:
        quoted = owner.replace("'", "''")
        return f"owner = '{quoted}' AND space = '{self.space}'"
