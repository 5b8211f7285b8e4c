"""The four contracts of the store, and the values that pass through them.

`Catalogue` holds the record, `BlobStore` the bytes of photos and segments, `segment_cache.SegmentCache` what
can always be made again, and `jarvis_retrievers.index.VectorIndex` the vectors in searchable form. Every
method takes the owner first, and nothing is shared between owners.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..concept import Concept
from .holdings import Holding

if TYPE_CHECKING:
    from jarvis_retrievers.index import VectorIndex as VectorIndex

__all__ = [
    "BlobRef",
    "BlobStore",
    "Catalogue",
    "ConceptRows",
    "SegmentRow",
    "Usage",
    "VectorRows",
]


@dataclass(frozen=True, slots=True)
class BlobRef:
    """Where a blob is and what it must be.

    Attributes:
        id: random, 32 hex digits.
        length: bytes of the payload.
        digest: in hex.
        key: id of the key that it was written with, 0 for none; None where it is read from a row.
    """

    id: str
    length: int
    digest: str
    key: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A stored segment: made for ``concept_id`` as it was at ``updated``, under ``fingerprint``."""

    concept_id: str
    fingerprint: str
    updated: int
    tokens: int
    blob: BlobRef


@dataclass(frozen=True, eq=False, slots=True)
class ConceptRows:
    """All that one commit writes for a concept.

    Attributes:
        concept: its patch ids and sequence numbers are given by the catalogue.
        blobs: one per photo of the concept, same order.
        patch_vectors: float16 (patches, dim), same order as the concept's patches.
        profile_vectors: float16 (m, dim), m may be 0.
    """

    concept: Concept
    blobs: tuple[BlobRef, ...]
    patch_vectors: NDArray[np.float16]
    profile_vectors: NDArray[np.float16]


class VectorRows(NamedTuple):
    """An owner's vectors, by rising id.

    Attributes:
        ids: int64 (n,), unique in the home.
        matrix: float32 (n, dim), from fp16 rows; (0, 0) if there are none.
        concept_ids: whose each row is.
        kinds: ``"patch"`` or ``"profile"`` of each row.
    """

    ids: NDArray[np.int64]
    matrix: NDArray[np.float32]
    concept_ids: tuple[str, ...]
    kinds: tuple[str, ...]


class Usage(NamedTuple):
    """Bytes that an owner's photos, vectors and segments take, without the frames of files and rows."""

    photos: int
    vectors: int
    segments: int


class Catalogue(Holding, Protocol):
    """The record. Each method is one transaction: it happens whole, durably, or not at all.

    Rows are checked against their digests when they are read.

    Raises (any method): CorruptRecordError for a row that does not match its digest, HomeReadOnlyError for a
    write to a home that cannot be written, StoreError if the medium fails.
    """

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""

    def owner_key(self, owner: str) -> bytes | None:
        """The owner's 32 random bytes, made at the first write; None before it."""

    def add(self, owner: str, rows: ConceptRows) -> Concept:
        """Write a new concept; returns it with ids and sequence numbers.

        Raises:
            DuplicateConceptError: the owner has a concept of this name.
            InputError: its vectors have another length than the owner's others.
        """

    def replace(self, owner: str, rows: ConceptRows) -> tuple[Concept, tuple[BlobRef, ...]]:
        """Write all rows of a concept anew, drop its segments; also returns the blobs nothing points to now.

        Raises:
            UnknownConceptError: no such concept. DuplicateConceptError: another concept has this name.
        """

    def concepts(self, owner: str) -> tuple[Concept, ...]:
        """All concepts of the owner, oldest first."""

    def ids(self, owner: str) -> tuple[str, ...]:
        """Ids of all concepts of the owner, oldest first; their rows need not be sound."""

    def versions(self, owner: str) -> tuple[tuple[str, int], ...]:
        """`ids`, each with `Concept.updated`: no other write gives the same pair."""

    def updated(self, owner: str, concept_id: str) -> int | None:
        """`Concept.updated` of one concept, or None; its rows need not be sound."""

    def concept(self, owner: str, concept_id: str) -> Concept | None:
        """The concept of this id, or None."""

    def named(self, owner: str, key: str) -> Concept | None:
        """The concept whose `name_key` is ``key``, or None."""

    def photo(self, owner: str, photo_id: str) -> tuple[str, BlobRef] | None:
        """The id of the concept that a photo belongs to, and its blob, or None."""

    def vectors(self, owner: str, concepts: Collection[str] | None = None) -> VectorRows:
        """All vectors of the owner's concepts, or of those with these ids; unknown ids have none.

        Raises:
            InputError: rows of more than one width.
        """

    def put_segment(self, owner: str, row: SegmentRow) -> tuple[BlobRef, ...]:
        """Point to a segment's blob; returns the blobs nothing points to now.

        That is the blob of an older segment under the same fingerprint or, if the concept is gone or was
        updated since ``row.updated``, ``row.blob`` itself: then nothing is written.
        """

    def segment(self, owner: str, concept_id: str, fingerprint: str) -> SegmentRow | None:
        """The segment of a concept as it is now, under this fingerprint, or None."""

    def segments(self, owner: str, concept_id: str) -> tuple[SegmentRow, ...]:
        """All segments of a concept, those made from an earlier state of it too."""

    def drop_segments(self, owner: str, concept_id: str) -> tuple[BlobRef, ...]:
        """Forget a concept's segments; returns their blobs."""

    def put_texts(
        self, owner: str, concept_id: str, updated: int, encoder: str, vectors: NDArray[np.float16]
    ) -> bool:
        """Keep the vectors (m, dim) that a text encoder made of a concept as it was at ``updated``, in place
        of older ones; m = 0 drops them. They go when the concept is replaced.

        Returns:
            False, with nothing kept, if the concept is gone or was updated since.
        """

    def texts(
        self, owner: str, encoder: str | None, concepts: Collection[str] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Vectors (m, dim) of the owner's concepts, or of some, that this text encoder made (None: any)."""

    def put_snapshot(self, owner: str, name: str, blob: BlobRef) -> tuple[BlobRef, ...]:
        """Point to a snapshot's blob; returns the blobs nothing points to now: that of the snapshot before,
        or of an unknown owner ``blob`` itself.
        """

    def snapshots(self, owner: str) -> dict[str, BlobRef]:
        """The blobs of the owner's snapshots, by name."""

    def drop_snapshots(self, owner: str) -> tuple[BlobRef, ...]:
        """Forget the owner's snapshots; returns their blobs."""

    def usage(self, owner: str) -> Usage:
        """Bytes of the owner's data."""

    def tombstone(self, owner: str, concept_id: str | None) -> tuple[BlobRef, ...]:
        """Hide a concept for good (None: all of the owner's) and free its name; returns its blobs.

        Its rows need not be sound. Of a hidden concept it gives the same again, of an unknown one ().
        """

    def tombstones(self, owner: str) -> tuple[str, ...]:
        """Ids of concepts that are hidden but not erased yet."""

    def erase(self, owner: str, concept_ids: Collection[str]) -> None:
        """Delete the rows of hidden concepts and leave no byte of them behind."""

    def setting(self, key: str) -> str | None:
        """What is set for the whole home under this key, or None."""

    def put_setting(self, key: str, value: str | None) -> None:
        """Set it; None removes it."""

    def live_blobs(self) -> frozenset[str]:
        """Ids of all blobs that a row of any owner points to."""

    def destroy_key(self, owner: str) -> None:
        """Overwrite the key that the owner's data is encrypted with; without one nothing is done."""

    def key_destroyed(self, owner: str) -> bool:
        """Whether that was done, and `delete_owner` was not."""

    def delete_owner(self, owner: str) -> None:
        """Delete every row of the owner, and leave no byte of them behind."""

    def tidy(self) -> None:
        """Finish an erasure that was cut short; nothing to do otherwise."""

    def flaws(self, owner: str, repair: bool) -> tuple[str, ...]:
        """What is wrong with the file and the owner's rows of no concept; ``repair`` mends indexes first."""

    def free_room(self) -> bool:
        """Give up what is set aside for forgetting on a full disk; whether there was any."""

    def close(self) -> None:
        """Let go of files. Closing again does nothing."""


class BlobStore(Protocol):
    """Immutable bytes under random ids."""

    def put(self, owner: str, kind: str, data: bytes, *, bound: str = "") -> BlobRef:
        """Store ``data`` durably under a fresh id.

        Args:
            owner: whose.
            kind: 1 to 8 lower-case letters, such as ``"photo"``.
            data: the bytes.
            bound: what it belongs to; where blobs are encrypted, it is refused as anything else.
        """

    def get(self, owner: str, ref: BlobRef, *, bound: str = "") -> bytes:
        """The bytes of a blob.

        Raises:
            CorruptRecordError: missing, of another length, changed, another owner's, or encrypted and bound
                to something else.
        """

    def exists(self, owner: str, ref: BlobRef) -> bool:
        """Whether the owner has a blob of this id; its bytes are not checked."""

    def delete(self, owner: str, refs: Collection[BlobRef]) -> int:
        """Delete blobs, durably; returns how many were there.

        A reference is the right to delete: the file itself is not asked, so a damaged one goes too.
        """

    def sweep(self, live: Collection[str], grace: float) -> int:
        """Delete blobs of no id in ``live`` and unfinished writes, all at least ``grace`` seconds old;
        returns the count.
        """

    def delete_owner(self, owner: str) -> int:
        """Delete all blobs of the owner, durably; returns how many there were."""
