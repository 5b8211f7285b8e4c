"""The catalogue in one SQLite file: every write is one durable transaction, every row is checked."""

# ruff: noqa: S608  (statements hold names of tables and columns of schema.py; values are bound)
from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Collection
from pathlib import Path

from jarvis_retrievers.errors import CorruptRecordError, DuplicateConceptError, UnknownConceptError

from ..concept import Concept, name_key
from .catalogue_caches import SQLiteCaches
from .catalogue_home import SQLiteHome
from .cipher import OwnerCipher
from .connection import Database
from .contracts import BlobRef, ConceptRows, Usage, VectorRows
from .hidden import blinded, reveal
from .master_key import MasterKey
from .matrices import check_dim
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
    updated_of,
)
from .references import reference
from .reserve import Reserve
from .rolls import Rolls, called
from .rows import insert_concept, read_concepts, read_vectors, seal, select
from .schema import columns

__all__ = ["SQLiteCatalogue"]


class SQLiteCatalogue(SQLiteCaches, SQLiteHome):
    """`Catalogue` in a file. Threads and processes may share it.

    Args:
        path: ``<home>/catalogue.sqlite``.
        read_only: refuse writes, and change no byte on disk.
        busy_timeout: seconds to wait for another process's write.
        reserve: what may be given up to forget on a full disk.
        accept_loss, key: see `Database`.

    Raises:
        LockedHomeError, SettingError, HomeFormatError, HomeReadOnlyError, CorruptRecordError: see `Database`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        busy_timeout: float = 30.0,
        reserve: Reserve | None = None,
        accept_loss: bool = False,
        key: MasterKey | None = None,
    ) -> None:
        self._reserve = reserve
        self._rolls = Rolls()
        self._db = Database(
            Path(path), read_only=read_only, busy_timeout=busy_timeout, accept_loss=accept_loss, key=key
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
            cipher = self._cipher(connection, owner, rows.blobs)
            _refuse_duplicate(connection, owner, rows.concept, cipher)
            check_dim(rows, dim_of(connection, owner, cipher))
            if key_of(connection, owner) is None:
                connection.execute("INSERT INTO owners VALUES (?, ?)", (owner, secrets.token_bytes(32)))
            now = advance(connection, "sequence", 1)
            with called(connection, owner, "concepts", "concept = ?", (rows.concept.id,)):
                return _insert(connection, owner, rows, now, now, cipher)

    def replace(self, owner: str, rows: ConceptRows) -> tuple[Concept, tuple[BlobRef, ...]]:
        """See `Catalogue.replace`."""
        concept = rows.concept
        with self._db.write() as connection:
            old = connection.execute(
                f"SELECT created FROM concepts WHERE {THIS} AND live = 1", (owner, concept.id)
            ).fetchone()
            if old is None:
                raise _unknown(concept)
            cipher = self._cipher(connection, owner, rows.blobs)
            _refuse_duplicate(connection, owner, concept, cipher)
            blobs = blobs_of(connection, owner, concept.id)
            with called(connection, owner, "concepts", "concept = ?", (concept.id,)):
                delete_rows(connection, owner, concept.id)
                now = advance(connection, "sequence", 1)
                return _insert(connection, owner, rows, old[0], now, cipher), blobs

    def concepts(self, owner: str) -> tuple[Concept, ...]:
        """See `Catalogue.concepts`."""
        with self._db.read() as connection:
            cipher = self._cipher(connection, owner)
            found = read_concepts(connection, "owner = ?", (owner,), cipher)
            self._call(connection, owner, cipher)
            return found

    def ids(self, owner: str) -> tuple[str, ...]:
        """See `Catalogue.ids`."""
        with self._db.read() as connection:
            query = "SELECT concept FROM concepts WHERE owner = ? AND live = 1 ORDER BY created"
            return tuple(row[0] for row in connection.execute(query, (owner,)))

    def versions(self, owner: str) -> tuple[tuple[str, int], ...]:
        """See `Catalogue.versions`."""
        with self._db.read() as connection:
            self._call(connection, owner, self._cipher(connection, owner))
            query = "SELECT concept, updated FROM concepts WHERE owner = ? AND live = 1 ORDER BY created"
            return tuple((row[0], row[1]) for row in connection.execute(query, (owner,)))

    def concept(self, owner: str, concept_id: str) -> Concept | None:
        """See `Catalogue.concept`."""
        with self._db.read() as connection:
            cipher = self._cipher(connection, owner)
            found = read_concepts(connection, THIS, (owner, concept_id), cipher)
            self._call(connection, owner, cipher)
            return next(iter(found), None)

    def named(self, owner: str, key: str) -> Concept | None:
        """See `Catalogue.named`."""
        with self._db.read() as connection:
            cipher = self._cipher(connection, owner)
            values = (owner, blinded("concepts", "name_key", key, cipher))
            found = read_concepts(connection, "owner = ? AND name_key = ? AND live = 1", values, cipher)
            self._call(connection, owner, cipher)
            return next(iter(found), None)

    def photo(self, owner: str, photo_id: str) -> tuple[str, BlobRef] | None:
        """See `Catalogue.photo`."""
        with self._db.read() as connection:
            for row in select(connection, "photos", "owner = ? AND photo = ?", (owner, photo_id)):
                if updated_of(connection, owner, row[1]) is not None:
                    # Its pixels vouch for the blob that it points to.
                    reveal("photos", row, self._cipher(connection, owner))
                    return row[1], reference(row[7:10])
        return None

    def vectors(self, owner: str, concepts: Collection[str] | None = None) -> VectorRows:
        """See `Catalogue.vectors`."""
        with self._db.read() as connection:
            return read_vectors(connection, owner, concepts, self._cipher(connection, owner))

    def usage(self, owner: str) -> Usage:
        """See `Catalogue.usage`."""
        with self._db.read() as connection:
            data = f"LENGTH(data) - {self._cipher(connection, owner).overhead}"
            sums = [
                connection.execute(f"SELECT COALESCE(SUM({size}), 0) FROM {table} WHERE owner = ?", (owner,))
                for size, table in (("length", "photos"), (data, "vectors"), ("length", "segments"))
            ]
            return Usage(*(int(cursor.fetchone()[0]) for cursor in sums))

    def tombstone(self, owner: str, concept_id: str | None) -> tuple[BlobRef, ...]:
        """See `Catalogue.tombstone`."""
        *names, _ = columns("concepts")
        read = f"SELECT {', '.join(columns('concepts'))} FROM concepts"
        with self._db.write() as connection:
            # Rows are taken as they are: a damaged concept must be possible to erase.
            query = f"{read} WHERE owner = ? AND concept = IFNULL(?, concept)"
            found: list[BlobRef] = []
            for fields in connection.execute(query, (owner, concept_id)).fetchall():
                *old, stored = fields
                # Of a damaged row nobody knows what the roll has of it.
                only = "concept = ?" if seal("concepts", old) == stored else None
                values = [0 if name == "live" else value for name, value in zip(names, old, strict=True)]
                with called(connection, owner, "concepts", only, (old[1],)):
                    connection.execute(
                        f"UPDATE concepts SET live = 0, digest = ? WHERE {THIS}",
                        (seal("concepts", values), owner, old[1]),
                    )
                mark_traces(connection)
                found.extend(blobs_of(connection, owner, old[1]))
            # In the same commit: an owner who leaves and is cut short must not be half there.
            if concept_id is None and has_table(connection, "items"):
                with called(connection, owner, "items"):
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
                    with called(connection, owner, "concepts", "concept = ?", (concept_id,)):
                        delete_rows(connection, owner, concept_id)
                    mark_traces(connection)
        self.tidy()

    def delete_owner(self, owner: str) -> None:
        """See `Catalogue.delete_owner`."""
        with self._db.write() as connection:
            for table in (*OF_CONCEPT, "owners", "rolls"):
                connection.execute(f"DELETE FROM {table} WHERE owner = ?", (owner,))
            for table in ("items", "snapshots", "data_keys"):
                if has_table(connection, table):
                    connection.execute(f"DELETE FROM {table} WHERE owner = ?", (owner,))
            mark_traces(connection)
        self.tidy()

    def close(self) -> None:
        """See `Catalogue.close`."""
        self._db.close()
        # What the -wal and -shm files took is free again.
        if self._reserve is not None:
            self._reserve.take()

    def _call(self, connection: sqlite3.Connection, owner: str, cipher: OwnerCipher) -> None:
        try:
            self._rolls.call(connection, owner, "concepts")
        except CorruptRecordError:
            # A row that is damaged says more of itself.
            read_concepts(connection, "owner = ?", (owner,), cipher)
            raise


def _insert(
    connection: sqlite3.Connection,
    owner: str,
    rows: ConceptRows,
    created: int,
    updated: int,
    cipher: OwnerCipher,
) -> Concept:
    count = len(rows.patch_vectors) + len(rows.profile_vectors)
    first = advance(connection, "vector", count) - count + 1
    concept = rows.concept.model_copy(update={"created": created, "updated": updated})
    stamped = ConceptRows(concept, rows.blobs, rows.patch_vectors, rows.profile_vectors)
    return insert_concept(connection, owner, stamped, first, cipher)


def _refuse_duplicate(
    connection: sqlite3.Connection, owner: str, concept: Concept, cipher: OwnerCipher
) -> None:
    row = connection.execute(
        "SELECT concept FROM concepts WHERE owner = ? AND name_key = ? AND live = 1",
        (owner, blinded("concepts", "name_key", name_key(concept.name), cipher)),
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
