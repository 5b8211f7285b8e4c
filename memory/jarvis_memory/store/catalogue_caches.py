"""The rows of what can always be made again: segments, vectors of texts, snapshots of indexes."""

# ruff: noqa: S608  (statements hold names of tables and columns of schema.py; values are bound)
from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import CorruptRecordError, WrongKeyError

from .cipher import OwnerCipher
from .connection import Database
from .contracts import BlobRef, SegmentRow
from .hidden import reveal
from .keys import keyed
from .matrices import as_matrix, vector_bytes
from .queries import THIS, advance, blobs_of, has_table, key_of, updated_of
from .references import blob_of, reference, segment_of
from .rows import insert, select
from .schema import SNAPSHOTS
from .sqlite_holdings import SQLiteHoldings

__all__ = ["SQLiteCaches"]

_NAMED = 256
_TEXTS = re.compile(r"texts/([0-9]{1,9})/([A-Za-z0-9._:-]{1,128})\Z")


class SQLiteCaches(SQLiteHoldings):
    """Part of `SQLiteCatalogue`; losing a row of it costs time, nothing else."""

    _db: Database

    def _cipher(
        self, connection: sqlite3.Connection, owner: str, blobs: Collection[BlobRef] | None = None
    ) -> OwnerCipher:
        """The owner's; with ``blobs`` it is to write rows that point to them, and is made if need be.

        Raises:
            WrongKeyError: the owner's key is not the one any more that they were written with.
        """
        cipher = self._db.keys.of(connection, owner, make=blobs is not None)
        if any(blob.key not in (None, cipher.key_id) for blob in blobs or ()):
            raise WrongKeyError(
                "the owner's key was changed during this write; nothing was written, try again"
            )
        return cipher

    def updated(self, owner: str, concept_id: str) -> int | None:
        """See `Catalogue.updated`."""
        with self._db.read() as connection:
            return updated_of(connection, owner, concept_id)

    def put_segment(self, owner: str, row: SegmentRow) -> tuple[BlobRef, ...]:
        """See `Catalogue.put_segment`."""
        with self._db.write() as connection:
            key = key_of(connection, owner)
            if key is None or updated_of(connection, owner, row.concept_id) != row.updated:
                return (row.blob,)
            if row.blob.key not in (None, self._cipher(connection, owner).key_id):
                return (row.blob,)
            place = keyed(key, "jarvis/segment", row.concept_id, row.fingerprint)
            old = connection.execute(
                "SELECT blob, length, blob_digest FROM segments WHERE owner = ? AND key = ?", (owner, place)
            ).fetchall()
            blob = (row.blob.id, row.blob.length, row.blob.digest)
            values = (owner, row.concept_id, place, row.fingerprint, row.updated, row.tokens, *blob)
            insert(connection, "segments", values, replace=True)
            return blob_of(old)

    def segment(self, owner: str, concept_id: str, fingerprint: str) -> SegmentRow | None:
        """See `Catalogue.segment`."""
        with self._db.read() as connection:
            key = key_of(connection, owner)
            if key is None:
                return None
            place = keyed(key, "jarvis/segment", concept_id, fingerprint)
            found = [
                segment_of(r) for r in select(connection, "segments", "owner = ? AND key = ?", (owner, place))
            ]
            now = updated_of(connection, owner, concept_id)
            return next((row for row in found if row.updated == now and row.concept_id == concept_id), None)

    def segments(self, owner: str, concept_id: str) -> tuple[SegmentRow, ...]:
        """See `Catalogue.segments`."""
        with self._db.read() as connection:
            return tuple(segment_of(row) for row in select(connection, "segments", THIS, (owner, concept_id)))

    def drop_segments(self, owner: str, concept_id: str) -> tuple[BlobRef, ...]:
        """See `Catalogue.drop_segments`."""
        with self._db.write() as connection:
            blobs = blobs_of(connection, owner, concept_id, ("segments",))
            connection.execute(f"DELETE FROM segments WHERE {THIS}", (owner, concept_id))
            return blobs

    def put_texts(
        self, owner: str, concept_id: str, updated: int, encoder: str, vectors: NDArray[np.float16]
    ) -> bool:
        """See `Catalogue.put_texts`."""
        kind = f"texts/{vectors.shape[1]}/{encoder}"
        with self._db.write() as connection:
            if updated_of(connection, owner, concept_id) != updated:
                return False
            old = f"DELETE FROM vectors WHERE {THIS} AND kind LIKE 'texts/%'"
            connection.execute(old, (owner, concept_id))
            if len(vectors):
                first = advance(connection, "vector", len(vectors)) - len(vectors) + 1
                values = (first, owner, concept_id, kind, vector_bytes(vectors))
                insert(connection, "vectors", values, self._cipher(connection, owner, ()))
            return True

    def texts(
        self, owner: str, encoder: str | None, concepts: Collection[str] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """See `Catalogue.texts`."""
        where, values = "owner = ? AND kind LIKE 'texts/%'", [owner]
        if concepts is not None and len(concepts) <= _NAMED:
            where += f" AND concept IN ({', '.join('?' * len(concepts))})"
            values += concepts
        found = {}
        with self._db.read() as connection:
            cipher = self._cipher(connection, owner)
            for row in select(connection, "vectors", where, values):
                _, _, concept, kind, data = reveal("vectors", row, cipher)
                read = _TEXTS.match(kind)
                width = int(read[1]) if read else 0
                if read is None or not width or not data or len(data) % (2 * width):
                    raise CorruptRecordError(
                        f"the vectors of texts of the concept with id {concept!r} cannot be read; they are "
                        "made again when a memory is opened with a text encoder"
                    )
                if encoder in (None, read[2]) and (concepts is None or concept in concepts):
                    found[concept] = as_matrix([np.frombuffer(data, dtype="<f2").reshape(-1, width)])
        return found

    def put_snapshot(self, owner: str, name: str, blob: BlobRef) -> tuple[BlobRef, ...]:
        """See `Catalogue.put_snapshot`."""
        with self._db.write() as connection:
            if key_of(connection, owner) is None:
                return (blob,)
            if blob.key not in (None, self._cipher(connection, owner).key_id):
                return (blob,)
            if not has_table(connection, "snapshots"):
                for statement in SNAPSHOTS:
                    connection.execute(statement)
            query = "SELECT blob, length, blob_digest FROM snapshots WHERE owner = ? AND name = ?"
            old = connection.execute(query, (owner, name)).fetchall()
            values = (owner, name, blob.id, blob.length, blob.digest)
            insert(connection, "snapshots", values, replace=True)
            return blob_of(old)

    def snapshots(self, owner: str) -> dict[str, BlobRef]:
        """See `Catalogue.snapshots`."""
        with self._db.read() as connection:
            if not has_table(connection, "snapshots"):
                return {}
            return {
                row[1]: reference(row[2:]) for row in select(connection, "snapshots", "owner = ?", (owner,))
            }

    def drop_snapshots(self, owner: str) -> tuple[BlobRef, ...]:
        """See `Catalogue.drop_snapshots`."""
        with self._db.write() as connection:
            if not has_table(connection, "snapshots"):
                return ()
            # Rows are taken as they are: a damaged one must be possible to drop.
            query = "SELECT blob, length, blob_digest FROM snapshots WHERE owner = ?"
            found = blob_of(connection.execute(query, (owner,)).fetchall())
            connection.execute("DELETE FROM snapshots WHERE owner = ?", (owner,))
            return found
