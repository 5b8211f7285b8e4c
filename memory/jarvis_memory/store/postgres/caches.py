"""The rows of what can always be made again: segments, vectors of texts, snapshots of indexes."""

# ruff: noqa: S608  (statements hold names of tables and columns; values are bound)
from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ..contracts import BlobRef, SegmentRow
from ..keys import keyed
from ..matrices import as_matrix
from ..references import reference, segment_of
from .cluster import Cluster
from .holdings import PostgresHoldings
from .keys import key_holds
from .lots import TEXTS, delete_lots, first_id, insert_lot, read_lots
from .rows import THIS, blobs_of, key_of, select, updated_of

__all__ = ["PostgresCaches"]

_PLACE = "owner = %s AND key = %s"
_NAMED = "owner = %s AND name = %s"


class PostgresCaches(PostgresHoldings):
    """Part of `PostgresCatalogue`; losing a row of it costs time, nothing else."""

    _cluster: Cluster

    def updated(self, owner: str, concept_id: str) -> int | None:
        """See `Catalogue.updated`."""
        with self._cluster.read(owner) as session:
            return updated_of(session, owner, concept_id)

    def put_segment(self, owner: str, row: SegmentRow) -> tuple[BlobRef, ...]:
        """See `Catalogue.put_segment`."""
        with self._cluster.write(owner) as session:
            key = key_of(session, owner)
            if key is None or updated_of(session, owner, row.concept_id) != row.updated:
                return (row.blob,)
            if not key_holds(session, owner, (row.blob,)):
                return (row.blob,)
            place = (owner, keyed(key, "jarvis/segment", row.concept_id, row.fingerprint))
            old = blobs_of(session, "segments", _PLACE, place)
            session.run(f"DELETE FROM segments WHERE {_PLACE}", place)
            blob = (row.blob.id, row.blob.length, row.blob.digest)
            values = (owner, row.concept_id, place[1], row.fingerprint, row.updated, row.tokens, *blob)
            session.insert("segments", [values])
            return old

    def segment(self, owner: str, concept_id: str, fingerprint: str) -> SegmentRow | None:
        """See `Catalogue.segment`."""
        with self._cluster.read(owner) as session:
            key = key_of(session, owner)
            if key is None:
                return None
            place = (owner, keyed(key, "jarvis/segment", concept_id, fingerprint))
            found = [segment_of(row) for row in select(session, "segments", _PLACE, place)]
            now = updated_of(session, owner, concept_id)
            return next((row for row in found if row.updated == now and row.concept_id == concept_id), None)

    def segments(self, owner: str, concept_id: str) -> tuple[SegmentRow, ...]:
        """See `Catalogue.segments`."""
        with self._cluster.read(owner) as session:
            return tuple(segment_of(row) for row in select(session, "segments", THIS, (owner, concept_id)))

    def drop_segments(self, owner: str, concept_id: str) -> tuple[BlobRef, ...]:
        """See `Catalogue.drop_segments`."""
        with self._cluster.write(owner) as session:
            blobs = blobs_of(session, "segments", THIS, (owner, concept_id))
            session.run(f"DELETE FROM segments WHERE {THIS}", (owner, concept_id))
            return blobs

    def put_texts(
        self, owner: str, concept_id: str, updated: int, encoder: str, vectors: NDArray[np.float16]
    ) -> bool:
        """See `Catalogue.put_texts`."""
        with self._cluster.write(owner) as session:
            if updated_of(session, owner, concept_id) != updated:
                return False
            delete_lots(session, owner, concept_id, TEXTS)
            if len(vectors):
                first, kind = first_id(session, len(vectors)), f"texts/{vectors.shape[1]}/{encoder}"
                insert_lot(session, owner, concept_id, kind, first, vectors)
            return True

    def texts(
        self, owner: str, encoder: str | None, concepts: Collection[str] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """See `Catalogue.texts`."""
        chosen, some = ("", []) if concepts is None else (" AND concept = ANY(%s)", [[*concepts]])
        with self._cluster.read(owner) as session:
            lots = read_lots(session, owner, f"space = '{TEXTS}'{chosen}", some)
        return {
            lot.concept: as_matrix([lot.vectors])
            for lot in lots
            if encoder in (None, lot.kind.split("/", 2)[2])
        }

    def put_snapshot(self, owner: str, name: str, blob: BlobRef) -> tuple[BlobRef, ...]:
        """See `Catalogue.put_snapshot`."""
        with self._cluster.write(owner) as session:
            if key_of(session, owner) is None or not key_holds(session, owner, (blob,)):
                return (blob,)
            old = blobs_of(session, "snapshots", _NAMED, (owner, name))
            session.run(f"DELETE FROM snapshots WHERE {_NAMED}", (owner, name))
            session.insert("snapshots", [(owner, name, blob.id, blob.length, blob.digest)])
            return old

    def snapshots(self, owner: str) -> dict[str, BlobRef]:
        """See `Catalogue.snapshots`."""
        with self._cluster.read(owner) as session:
            rows = select(session, "snapshots", "owner = %s", (owner,))
            return {row[1]: reference(row[2:]) for row in rows}

    def drop_snapshots(self, owner: str) -> tuple[BlobRef, ...]:
        """See `Catalogue.drop_snapshots`."""
        with self._cluster.write(owner) as session:
            # Rows are taken as they are: a damaged one must be possible to drop.
            found = blobs_of(session, "snapshots", "owner = %s", (owner,))
            session.run("DELETE FROM snapshots WHERE owner = %s", (owner,))
            return found
