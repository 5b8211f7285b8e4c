"""What an index in PostgreSQL asks, in which order; who sends it, waits for it or does not."""

# ruff: noqa: S608  (statements hold names of tables and columns; values are bound)
from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import InputError, SettingError
from jarvis_retrievers.index import Rebuilt
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

from .index_names import index_name
from .lots import PHOTOS, as_texts
from .session import Row
from .steps import Step, Steps

__all__ = ["IndexSteps"]

_SPACE = re.compile(r"[a-z][a-z0-9-]{0,30}\Z")
_MOST: Final = 1000  # candidates; pgvector, README, "HNSW"
_SCORE: Final = "-(data::vector <#> %s::vector)"


class IndexSteps:
    """The steps of `PostgresIndex` and `AsyncPostgresIndex`, whose arguments these are.

    Each method checks what it was given when it is called, before any step.
    """

    def __init__(self, dim: int, space: str, candidates: int) -> None:
        if not _SPACE.match(space) or space in ("texts", "gone"):
            raise SettingError(
                f"a space is 1 to 31 letters, digits or -, and not texts or gone, got {space!r}"
            )
        if not 1 <= candidates <= _MOST:
            raise SettingError(f"candidates are 1 to {_MOST}, got {candidates}")
        self.dim, self.space = check_dim(dim), space
        self._candidates = candidates

    @property
    def of_record(self) -> bool:
        """Whether the catalogue writes and deletes the vectors."""
        return self.space == PHOTOS

    def add(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> Steps[None]:
        """See `PostgresIndex.add`."""
        return self._added(owner, *self._checked(owner, ids, vectors))

    def remove(self, owner: str, ids: Sequence[int]) -> Steps[int]:
        """See `PostgresIndex.remove`; never of the record."""
        check_owner(owner)
        return self._removed(owner, check_ids(ids))

    def rebuild(self, owner: str, ids: Sequence[int], vectors: NDArray[Any]) -> Steps[Rebuilt]:
        """See `PostgresIndex.rebuild`."""
        keys, _, half = self._checked(owner, ids, vectors)
        return self._counted_of(owner, keys) if self.of_record else self._rebuilt(owner, keys, half)

    def search(self, owner: str, queries: NDArray[Any], k: int) -> Steps[tuple[Scores, Ids]]:
        """See `PostgresIndex.search`."""
        check_owner(owner)
        return self._found(owner, check_matrix(queries, self.dim, "queries"), check_k(k))

    def count(self, owner: str) -> Steps[int]:
        """See `PostgresIndex.count`."""
        check_owner(owner)
        return self._counted(owner)

    def graph(self, owner: str) -> Steps[bool]:
        """Whether the owner has one."""
        query = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
        found: list[Row] = yield Step(query, (f'"{index_name(owner, self.space, self.dim)}"',))
        return bool(found and found[0][0])

    def whose(self, owner: str) -> str:
        """The condition of an owner's rows, as it stands in the statement that makes the graph."""
        quoted = owner.replace("'", "''")
        return f"owner = '{quoted}' AND space = '{self.space}'"

    def _checked(
        self, owner: str, ids: Sequence[int], vectors: NDArray[Any]
    ) -> tuple[Ids, Scores, NDArray[np.float16]]:
        check_owner(owner)
        keys, rows = check_ids(ids), check_matrix(vectors, self.dim, "vectors")
        check_new(keys, rows, ())
        with np.errstate(over="ignore"):
            half = rows.astype(np.float16)
        if not np.isfinite(half).all():
            raise InputError("vectors must be finite as float16, whose largest number is 65504; scale them")
        return keys, rows, half

    def _counted_of(self, owner: str, keys: Ids) -> Steps[Rebuilt]:
        query = "SELECT count(*) FROM vectors WHERE owner = %s AND space = %s AND id = ANY(%s)"
        return Rebuilt(int((yield Step(query, (owner, self.space, keys.tolist())))[0][0]), 0, 0)

    def _rebuilt(self, owner: str, keys: Ids, half: NDArray[np.float16]) -> Steps[Rebuilt]:
        texts = as_texts(half)
        query = (
            "SELECT id FROM vectors JOIN unnest(%s::bigint[], %s::text[]) AS given (id, text) USING (id) "
            "WHERE owner = %s AND space = %s AND data = text::halfvec"
        )
        found: list[Row] = yield Step(query, (keys.tolist(), texts, owner, self.space))
        right = {int(row[0]) for row in found}
        delete = "DELETE FROM vectors WHERE owner = %s AND space = %s AND id <> ALL(%s) RETURNING id"
        gone: list[Row] = yield Step(delete, (owner, self.space, sorted(right)))
        new = [place for place, key in enumerate(keys.tolist()) if key not in right]
        if new:
            yield self._insert(owner, keys[new].tolist(), [texts[place] for place in new])
        return Rebuilt(len(right), len(new), len(gone))

    def _insert(self, owner: str, keys: list[int], texts: list[str]) -> Step:
        return Step(
            "INSERT INTO vectors (owner, space, id, data) SELECT %s, %s, id, data::halfvec "
            "FROM unnest(%s::bigint[], %s::text[]) AS given (id, data) RETURNING id",
            (owner, self.space, keys, texts),
        )

    def _added(self, owner: str, keys: Ids, rows: NDArray[Any], half: NDArray[np.float16]) -> Steps[None]:
        place = (owner, self.space, keys.tolist())
        query = "SELECT id FROM vectors WHERE owner = %s AND space = %s AND id = ANY(%s)"
        there = {int(row[0]) for row in (yield Step(query, place))}
        if self.of_record:
            missing = sorted(set(place[2]) - there)
            if missing:
                raise InputError(f"the record has no vector {missing[0]}; write the concept first")
            return
        check_new(keys, rows, there)
        yield self._insert(owner, place[2], as_texts(half))

    def _removed(self, owner: str, keys: Ids) -> Steps[int]:
        statement = "DELETE FROM vectors WHERE owner = %s AND space = %s AND id = ANY(%s) RETURNING id"
        return len((yield Step(statement, (owner, self.space, keys.tolist()))))

    def _found(self, owner: str, rows: NDArray[Any], wanted: int) -> Steps[tuple[Scores, Ids]]:
        scores = np.full((len(rows), wanted), -np.inf, dtype=np.float32)
        ids = np.full((len(rows), wanted), -1, dtype=np.int64)
        graph = wanted <= _MOST and (yield from self.graph(owner))
        if graph:
            settings = "SELECT set_config('hnsw.ef_search', %s, true), set_config('enable_sort', 'off', true)"
            yield Step(settings, (str(max(wanted, self._candidates)),))
        for place, text in enumerate(as_texts(rows)):
            found = (yield self._near(owner, text, wanted)) if graph else []
            # Rows that were deleted since are in the graph until the next VACUUM, and may leave too few.
            if len(found) < wanted:
                found = yield self._all_of(owner, text, wanted)
            if found:
                some = np.array([[row[1] for row in found]], dtype=np.float32)
                keys = np.array([[row[0] for row in found]], dtype=np.int64)
                scores[place : place + 1], ids[place : place + 1] = best_of(some, keys, wanted)
        return scores, ids

    def _counted(self, owner: str) -> Steps[int]:
        query = "SELECT count(*) FROM vectors WHERE owner = %s AND space = %s AND vector_dims(data) = %s"
        return int((yield Step(query, (owner, self.space, self.dim)))[0][0])

    def _all_of(self, owner: str, query: str, k: int) -> Step:
        return Step(
            f"SELECT id, {_SCORE} FROM vectors WHERE owner = %s AND space = %s AND vector_dims(data) = %s "
            "ORDER BY data::vector <#> %s::vector, id LIMIT %s",
            (query, owner, self.space, self.dim, query, k),
        )

    def _near(self, owner: str, query: str, k: int) -> Step:
        # In the statement itself: the planner takes the graph only if it sees whose the rows are.
        near = (
            f"SELECT id, data FROM vectors WHERE {self.whose(owner).replace('%', '%%')} "
            f"ORDER BY data::halfvec({self.dim}) <#> %s::halfvec({self.dim}) LIMIT %s"
        )
        values = (query, query, max(k, self._candidates))
        return Step(f"SELECT id, {_SCORE} FROM ({near}) AS near", values)
