"""The catalogue in dicts, for one process: the reference that every other one must agree with."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import DuplicateConceptError, UnknownConceptError

from ..concept import Concept, name_key
from .contracts import BlobRef, ConceptRows, SegmentRow, Usage, VectorRows
from .matrices import as_matrix, check_dim
from .memory_holdings import MemoryHoldings
from .memory_home import MemoryHome
from .rows import stamp

__all__ = ["MemoryCatalogue"]


@dataclass(slots=True)
class _Entry:
    rows: ConceptRows
    first_id: int
    live: bool = True
    segments: dict[str, SegmentRow] = field(default_factory=dict)
    texts: tuple[str, NDArray[np.float16]] | None = None

    def blobs(self) -> tuple[BlobRef, ...]:
        return self.rows.blobs + tuple(row.blob for row in self.segments.values())

    def again(self) -> _Entry:
        return replace(self, segments=dict(self.segments))


class MemoryCatalogue(MemoryHome, MemoryHoldings):
    """`Catalogue` without a file."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._owners: dict[str, dict[str, _Entry]] = {}
        self._keys: dict[str, bytes] = {}
        self._sequence = 0
        self._vector = 0
        self._settings: dict[str, str] = {}
        self._snapshots: dict[str, dict[str, BlobRef]] = {}

    def owner_key(self, owner: str) -> bytes | None:
        """See `Catalogue.owner_key`."""
        with self._lock:
            return self._keys.get(owner)

    def add(self, owner: str, rows: ConceptRows) -> Concept:
        """See `Catalogue.add`."""
        with self._lock:
            self._refuse_duplicate(owner, rows.concept)
            stored = [e.rows for e in self._owners.get(owner, {}).values()]
            matrices = [m for r in stored for m in (r.patch_vectors, r.profile_vectors) if len(m)]
            check_dim(rows, matrices[0].shape[1] if matrices else None)
            self._keys.setdefault(owner, secrets.token_bytes(32))
            return self._insert(owner, rows, None)

    def replace(self, owner: str, rows: ConceptRows) -> tuple[Concept, tuple[BlobRef, ...]]:
        """See `Catalogue.replace`."""
        with self._lock:
            old = self._find(owner, rows.concept.id)
            if old is None:
                what = f"there is no concept with id {rows.concept.id!r} ({rows.concept.name!r})"
                raise UnknownConceptError(f"{what}; it may have been forgotten")
            self._refuse_duplicate(owner, rows.concept)
            return self._insert(owner, rows, old.rows.concept.created), old.blobs()

    def concepts(self, owner: str) -> tuple[Concept, ...]:
        """See `Catalogue.concepts`."""
        with self._lock:
            found = (entry.rows.concept for entry in self._live(owner))
            return tuple(sorted(found, key=lambda concept: concept.created))

    def ids(self, owner: str) -> tuple[str, ...]:
        """See `Catalogue.ids`."""
        return tuple(concept.id for concept in self.concepts(owner))

    def versions(self, owner: str) -> tuple[tuple[str, int], ...]:
        """See `Catalogue.versions`."""
        return tuple((concept.id, concept.updated) for concept in self.concepts(owner))

    def updated(self, owner: str, concept_id: str) -> int | None:
        """See `Catalogue.updated`."""
        found = self.concept(owner, concept_id)
        return None if found is None else found.updated

    def concept(self, owner: str, concept_id: str) -> Concept | None:
        """See `Catalogue.concept`."""
        with self._lock:
            entry = self._find(owner, concept_id)
            return None if entry is None else entry.rows.concept

    def named(self, owner: str, key: str) -> Concept | None:
        """See `Catalogue.named`."""
        return next((concept for concept in self.concepts(owner) if name_key(concept.name) == key), None)

    def photo(self, owner: str, photo_id: str) -> tuple[str, BlobRef] | None:
        """See `Catalogue.photo`."""
        with self._lock:
            for entry in self._live(owner):
                for photo, blob in zip(entry.rows.concept.photos, entry.rows.blobs, strict=True):
                    if photo.id == photo_id:
                        return entry.rows.concept.id, blob
        return None

    def vectors(self, owner: str, concepts: Collection[str] | None = None) -> VectorRows:
        """See `Catalogue.vectors`."""
        with self._lock:
            live = [e for e in self._live(owner) if concepts is None or e.rows.concept.id in concepts]
            entries = sorted(live, key=lambda entry: entry.first_id)
            rows = [
                (entry.first_id + number, vector, entry.rows.concept.id, kind)
                for entry in entries
                for number, (vector, kind) in enumerate(
                    [(vector, "patch") for vector in entry.rows.patch_vectors]
                    + [(vector, "profile") for vector in entry.rows.profile_vectors]
                )
            ]
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        matrix = as_matrix([row[1][None] for row in rows])
        return VectorRows(ids, matrix, tuple(row[2] for row in rows), tuple(row[3] for row in rows))

    def put_segment(self, owner: str, row: SegmentRow) -> tuple[BlobRef, ...]:
        """See `Catalogue.put_segment`."""
        with self._lock:
            entry = self._find(owner, row.concept_id)
            if entry is None or entry.rows.concept.updated != row.updated:
                return (row.blob,)
            old = entry.segments.get(row.fingerprint)
            entry.segments[row.fingerprint] = row
            return () if old is None else (old.blob,)

    def segment(self, owner: str, concept_id: str, fingerprint: str) -> SegmentRow | None:
        """See `Catalogue.segment`."""
        with self._lock:
            entry = self._find(owner, concept_id)
            return None if entry is None else entry.segments.get(fingerprint)

    def segments(self, owner: str, concept_id: str) -> tuple[SegmentRow, ...]:
        """See `Catalogue.segments`."""
        with self._lock:
            entry = self._find(owner, concept_id)
            return () if entry is None else tuple(entry.segments.values())

    def drop_segments(self, owner: str, concept_id: str) -> tuple[BlobRef, ...]:
        """See `Catalogue.drop_segments`."""
        with self._lock:
            entry = self._owners.get(owner, {}).get(concept_id)
            if entry is None:
                return ()
            blobs = tuple(row.blob for row in entry.segments.values())
            entry.segments.clear()
            return blobs

    def put_texts(
        self, owner: str, concept_id: str, updated: int, encoder: str, vectors: NDArray[np.float16]
    ) -> bool:
        """See `Catalogue.put_texts`."""
        with self._lock:
            entry = self._find(owner, concept_id)
            if entry is None or entry.rows.concept.updated != updated:
                return False
            entry.texts = (encoder, vectors.copy()) if len(vectors) else None
            self._vector += len(vectors)
            return True

    def texts(
        self, owner: str, encoder: str | None, concepts: Collection[str] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """See `Catalogue.texts`."""
        with self._lock:
            return {
                entry.rows.concept.id: as_matrix([entry.texts[1]])
                for entry in self._live(owner)
                if entry.texts is not None
                and encoder in (None, entry.texts[0])
                and (concepts is None or entry.rows.concept.id in concepts)
            }

    def put_snapshot(self, owner: str, name: str, blob: BlobRef) -> tuple[BlobRef, ...]:
        """See `Catalogue.put_snapshot`."""
        with self._lock:
            if owner not in self._keys:
                return (blob,)
            kept = self._snapshots.setdefault(owner, {})
            old, kept[name] = kept.get(name), blob
            return () if old is None else (old,)

    def snapshots(self, owner: str) -> dict[str, BlobRef]:
        """See `Catalogue.snapshots`."""
        with self._lock:
            return dict(self._snapshots.get(owner, {}))

    def drop_snapshots(self, owner: str) -> tuple[BlobRef, ...]:
        """See `Catalogue.drop_snapshots`."""
        with self._lock:
            return tuple(self._snapshots.pop(owner, {}).values())

    def usage(self, owner: str) -> Usage:
        """See `Catalogue.usage`."""
        with self._lock:
            entries = list(self._owners.get(owner, {}).values())
            return Usage(
                sum(blob.length for entry in entries for blob in entry.rows.blobs),
                sum(
                    entry.rows.patch_vectors.nbytes
                    + entry.rows.profile_vectors.nbytes
                    + (entry.texts[1].nbytes if entry.texts else 0)
                    for entry in entries
                ),
                sum(row.blob.length for entry in entries for row in entry.segments.values()),
            )

    def tombstone(self, owner: str, concept_id: str | None) -> tuple[BlobRef, ...]:
        """See `Catalogue.tombstone`."""
        with self._lock:
            entries = self._owners.get(owner, {})
            found = [entry for key, entry in entries.items() if concept_id in (None, key)]
            for entry in found:
                entry.live = False
            return tuple(blob for entry in found for blob in entry.blobs())

    def tombstones(self, owner: str) -> tuple[str, ...]:
        """See `Catalogue.tombstones`."""
        with self._lock:
            return tuple(key for key, entry in self._owners.get(owner, {}).items() if not entry.live)

    def erase(self, owner: str, concept_ids: Collection[str]) -> None:
        """See `Catalogue.erase`."""
        with self._lock:
            entries = self._owners.get(owner, {})
            for concept_id in set(concept_ids) & set(self.tombstones(owner)):
                del entries[concept_id]

    def live_blobs(self) -> frozenset[str]:
        """See `Catalogue.live_blobs`."""
        with self._lock:
            entries = [entry for owned in self._owners.values() for entry in owned.values()]
            kept = [blob.id for blobs in self._snapshots.values() for blob in blobs.values()]
            return frozenset([*kept, *(blob.id for entry in entries for blob in entry.blobs())])

    def setting(self, key: str) -> str | None:
        """See `Catalogue.setting`."""
        with self._lock:
            return self._settings.get(key)

    def put_setting(self, key: str, value: str | None) -> None:
        """See `Catalogue.put_setting`."""
        with self._lock:
            self._settings.pop(key, None)
            if value is not None:
                self._settings[key] = value

    def delete_owner(self, owner: str) -> None:
        """See `Catalogue.delete_owner`."""
        with self._lock:
            self._owners.pop(owner, None)
            self._keys.pop(owner, None)
            self._snapshots.pop(owner, None)

    def _live(self, owner: str) -> list[_Entry]:
        return [entry for entry in self._owners.get(owner, {}).values() if entry.live]

    def _find(self, owner: str, concept_id: str) -> _Entry | None:
        entry = self._owners.get(owner, {}).get(concept_id)
        return entry if entry is not None and entry.live else None

    def _insert(self, owner: str, rows: ConceptRows, created: int | None) -> Concept:
        self._sequence += 1
        first = self._vector + 1
        self._vector += len(rows.patch_vectors) + len(rows.profile_vectors)
        sequence = {"created": self._sequence if created is None else created, "updated": self._sequence}
        concept = stamp(rows.concept, first).model_copy(update=sequence)
        stored = ConceptRows(concept, rows.blobs, rows.patch_vectors.copy(), rows.profile_vectors.copy())
        self._owners.setdefault(owner, {})[concept.id] = _Entry(stored, first)
        return concept

    def _refuse_duplicate(self, owner: str, concept: Concept) -> None:
        same = self.named(owner, name_key(concept.name))
        if same is not None and same.id != concept.id:
            what = f"there is a concept called {concept.name!r} already"
            raise DuplicateConceptError(f"{what}; update it, forget it, or choose another name")
