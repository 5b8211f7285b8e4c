"""The catalogue in one SQLite file: every write is one durable transaction, every row is checked."""

# ruff: noqa: S608  (statements hold names of tables and columns of schema.py; values are bound)
from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Collection
from pathlib import Path

from jarvis_retrievers.errors import DuplicateConceptError, UnknownConceptError

from ..concept import Concept, name_key
from .catalogue_caches import SQLiteCaches
from .connection import Database
from .contracts import BlobRef, ConceptRows, Usage, VectorRows
from .queries import (
    OF_CONCEPT,
    THIS,
    advance,
    blobs_of,
    delete_rows,
    dim_of,
    has_table,
    key_of,
    mark_traces,
    tidy,
    updated_of,
)
from .references import reference
from .reserve import Reserve
from .rows import (
    check_dim,
    insert,
    insert_concept,
    read_concepts,
    read_vectors,
    seal,
    select,
)
from .schema import columns

__all__ = ["SQLiteCatalogue"]


class SQLiteCatalogue(SQLiteCaches):
    """`Catalogue` in a file. Threads and processes may share it.

    Args:
        path: ``<home>/catalogue.sqlite``.
        read_only: refuse writes, and change no byte on disk.
        busy_timeout: seconds to wait for another process's write.
        reserve: what may be given up to forget on a full disk.
        accept_loss: see `Database`.

    Raises:
        HomeFormatError, HomeReadOnlyError, CorruptRecordError: see `Database`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        busy_timeout: float = 30.0,
        reserve: Reserve | None = None,
        accept_loss: bool = False,
    ) -> None:
        self._reserve = reserve
        self._db = Database(
            Path(path), read_only=read_only, busy_timeout=busy_timeout, accept_loss=accept_loss
        )

    @property
    def read_only(self) -> bool:
        """See `Catalogue.read_only`."""
        return self._db.read_only

    @property
    def database(self) -> Database:
        """The file, for tables that are not of the record."""
        return self._db

    def owner_key(self, owner: str) -> bytes | None:
        """See `Catalogue.owner_key`."""
        with self._db.read() as connection:
            return key_of(connection, owner)

    def add(self, owner: str, rows: ConceptRows) -> Concept:
        """See `Catalogue.add`."""
        with self._db.write() as connection:
            _refuse_duplicate(connection, owner, rows.concept)
            check_dim(rows, dim_of(connection, owner))
            if key_of(connection, owner) is None:
                connection.execute("INSERT INTO owners VALUES (?, ?)", (owner, secrets.token_bytes(32)))
            now = advance(connection, "sequence", 1)
            return _insert(connection, owner, rows, created=now, updated=now)

    def replace(self, owner: str, rows: ConceptRows) -> tuple[Concept, tuple[BlobRef, ...]]:
        """See `Catalogue.replace`."""
        concept = rows.concept
        with self._db.write() as connection:
            old = connection.execute(
                f"SELECT created FROM concepts WHERE {THIS} AND live = 1", (owner, concept.id)
            ).fetchone()
            if old is None:
                raise _unknown(concept)
            _refuse_duplicate(connection, owner, concept)
            blobs = blobs_of(connection, owner, concept.id)
            delete_rows(connection, owner, concept.id)
            now = advance(connection, "sequence", 1)
            return _insert(connection, owner, rows, created=old[0], updated=now), blobs

    def concepts(self, owner: str) -> tuple[Concept, ...]:
        """See `Catalogue.concepts`."""
        with self._db.read() as connection:
            return read_concepts(connection, "owner = ?", (owner,))

    def ids(self, owner: str) -> tuple[str, ...]:
        """See `Catalogue.ids`."""
        with self._db.read() as connection:
            query = "SELECT concept FROM concepts WHERE owner = ? AND live = 1 ORDER BY created"
            return tuple(row[0] for row in connection.execute(query, (owner,)))

    def versions(self, owner: str) -> tuple[tuple[str, int], ...]:
        """See `Catalogue.versions`."""
        with self._db.read() as connection:
            query = "SELECT concept, updated FROM concepts WHERE owner = ? AND live = 1 ORDER BY created"
            return tuple((row[0], row[1]) for row in connection.execute(query, (owner,)))

    def concept(self, owner: str, concept_id: str) -> Concept | None:
        """See `Catalogue.concept`."""
        with self._db.read() as connection:
            return next(iter(read_concepts(connection, THIS, (owner, concept_id))), None)

    def named(self, owner: str, key: str) -> Concept | None:
        """See `Catalogue.named`."""
        with self._db.read() as connection:
            return next(
                iter(read_concepts(connection, "owner = ? AND name_key = ? AND live = 1", (owner, key))), None
            )

    def photo(self, owner: str, photo_id: str) -> tuple[str, BlobRef] | None:
        """See `Catalogue.photo`."""
        with self._db.read() as connection:
            for row in select(connection, "photos", "owner = ? AND photo = ?", (owner, photo_id)):
                if updated_of(connection, owner, row[1]) is not None:
                    return row[1], reference(row[7:10])
        return None

    def vectors(self, owner: str, concepts: Collection[str] | None = None) -> VectorRows:
        """See `Catalogue.vectors`."""
        with self._db.read() as connection:
            return read_vectors(connection, owner, concepts)

    def usage(self, owner: str) -> Usage:
        """See `Catalogue.usage`."""
        with self._db.read() as connection:
            sums = [
                connection.execute(f"SELECT COALESCE(SUM({size}), 0) FROM {table} WHERE owner = ?", (owner,))
                for size, table in (("length", "photos"), ("LENGTH(data)", "vectors"), ("length", "segments"))
            ]
            return Usage(*(int(cursor.fetchone()[0]) for cursor in sums))

    def tombstone(self, owner: str, concept_id: str | None) -> tuple[BlobRef, ...]:
        """See `Catalogue.tombstone`."""
        names = columns("concepts")[:-1]
        with self._db.write() as connection:
            # Rows are taken as they are: a damaged concept must be possible to erase.
            query = (
                f"SELECT {', '.join(names)} FROM concepts WHERE owner = ? AND concept = IFNULL(?, concept)"
            )
            found: list[BlobRef] = []
            for fields in connection.execute(query, (owner, concept_id)).fetchall():
                values = [0 if name == "live" else value for name, value in zip(names, fields, strict=True)]
                connection.execute(
                    f"UPDATE concepts SET live = 0, digest = ? WHERE {THIS}",
                    (seal("concepts", values), owner, fields[1]),
                )
                mark_traces(connection)
                found.extend(blobs_of(connection, owner, fields[1]))
            # In the same commit: an owner who leaves and is cut short must not be half there.
            if concept_id is None and has_table(connection, "items"):
                connection.execute("DELETE FROM items WHERE owner = ?", (owner,))
                mark_traces(connection)
            return tuple(found)

    def tombstones(self, owner: str) -> tuple[str, ...]:
        """See `Catalogue.tombstones`."""
        names = columns("concepts")
        query = f"SELECT {', '.join(names)} FROM concepts WHERE owner = ? AND live = 0"
        with self._db.read() as connection:
            # A rotten bit must not look like the wish to forget; whatever reads concepts reports such a row.
            return tuple(
                f[1] for *f, stored in connection.execute(query, (owner,)) if seal("concepts", f) == stored
            )

    def erase(self, owner: str, concept_ids: Collection[str]) -> None:
        """See `Catalogue.erase`."""
        with self._db.write() as connection:
            for concept_id in concept_ids:
                hidden = f"SELECT 1 FROM concepts WHERE {THIS} AND live = 0"
                if connection.execute(hidden, (owner, concept_id)).fetchone():
                    delete_rows(connection, owner, concept_id)
                    mark_traces(connection)
        self.tidy()

    def setting(self, key: str) -> str | None:
        """See `Catalogue.setting`."""
        with self._db.read() as connection:
            # A home of format 1 that cannot be written has no such table.
            if not has_table(connection, "settings"):
                return None
            rows = select(connection, "settings", "key = ?", (key,))
        return str(rows[0][1]) if rows else None

    def put_setting(self, key: str, value: str | None) -> None:
        """See `Catalogue.put_setting`."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM settings WHERE key = ?", (key,))
            if value is not None:
                insert(connection, "settings", (key, value))

    def live_blobs(self) -> frozenset[str]:
        """See `Catalogue.live_blobs`."""
        with self._db.read() as connection:
            query = "SELECT blob FROM photos UNION ALL SELECT blob FROM segments"
            if has_table(connection, "snapshots"):
                query += " UNION ALL SELECT blob FROM snapshots"
            return frozenset(row[0] for row in connection.execute(query))

    def delete_owner(self, owner: str) -> None:
        """See `Catalogue.delete_owner`."""
        with self._db.write() as connection:
            for table in (*OF_CONCEPT, "owners"):
                connection.execute(f"DELETE FROM {table} WHERE owner = ?", (owner,))
            for table in ("items", "snapshots"):
                if has_table(connection, table):
                    connection.execute(f"DELETE FROM {table} WHERE owner = ?", (owner,))
            mark_traces(connection)
        self.tidy()

    def tidy(self) -> None:
        """See `Catalogue.tidy`."""
        tidy(self._db)

    def flaws(self, repair: bool) -> tuple[str, ...]:
        """See `Catalogue.flaws`."""
        if repair:
            with self._db.write() as connection:
                connection.execute("REINDEX")
        with self._db.read() as connection:
            found = tuple(str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)"))
        return () if found == ("ok",) else found

    def free_room(self) -> bool:
        """See `Catalogue.free_room`."""
        return self._reserve is not None and self._reserve.give()

    def close(self) -> None:
        """See `Catalogue.close`."""
        self._db.close()
        # What the -wal and -shm files took is free again.
        if self._reserve is not None:
            self._reserve.take()


def _insert(
    connection: sqlite3.Connection, owner: str, rows: ConceptRows, created: int, updated: int
) -> Concept:
    count = len(rows.patch_vectors) + len(rows.profile_vectors)
    first = advance(connection, "vector", count) - count + 1
    concept = rows.concept.model_copy(update={"created": created, "updated": updated})
    stamped = ConceptRows(concept, rows.blobs, rows.patch_vectors, rows.profile_vectors)
    return insert_concept(connection, owner, stamped, first)


def _refuse_duplicate(connection: sqlite3.Connection, owner: str, concept: Concept) -> None:
    row = connection.execute(
        "SELECT concept FROM concepts WHERE owner = ? AND name_key = ? AND live = 1",
        (owner, name_key(concept.name)),
    ).fetchone()
    if row is not None and row[0] != concept.id:
        raise DuplicateConceptError(
            f"there is a concept called {concept.name!r} already; update it, forget it, or choose another "
            "name"
        )


def _unknown(concept: Concept) -> UnknownConceptError:
    return UnknownConceptError(
        f"there is no concept with id {concept.id!r} ({concept.name!r}); it may have been forgotten"
    )
