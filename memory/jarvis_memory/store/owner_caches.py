"""Of one owner what can always be made again: segments, vectors of texts, snapshots of indexes."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from jarvis_retrievers.errors import CorruptRecordError
from jarvis_retrievers.log import log

from .contracts import BlobRef, BlobStore, Catalogue
from .segment_cache import SegmentCache

__all__ = ["OwnerCaches"]


class OwnerCaches:
    """Part of `OwnerStore`; losing any of it costs time, nothing else."""

    owner: str
    _catalogue: Catalogue
    _blobs: BlobStore
    _segments: SegmentCache

    def setting(self, key: str) -> str | None:
        """See `Catalogue.setting`."""
        return self._catalogue.setting(key)

    def put_setting(self, key: str, value: str | None) -> None:
        """See `Catalogue.put_setting`."""
        self._catalogue.put_setting(key, value)

    def put_segment(
        self,
        concept_id: str,
        fingerprint: str,
        data: bytes,
        *,
        tokens: int = 0,
        updated: int | None = None,
        seconds: float | None = None,
    ) -> bool:
        """Keep a segment; give ``updated`` of the concept it was made from, or one made too late is kept.

        ``seconds``: how long it took to make. Returns whether it was kept.
        """
        return self._segments.put(
            self.owner, concept_id, fingerprint, data, tokens=tokens, updated=updated, seconds=seconds
        )

    def get_segment(self, concept_id: str, fingerprint: str) -> bytes | None:
        """A segment's bytes, or None if it has to be made.

        Raises:
            CorruptRecordError: it is damaged; make it again and put it.
        """
        return self._segments.get(self.owner, concept_id, fingerprint)

    def segment_fingerprints(self, concept_id: str) -> tuple[str, ...]:
        """The fingerprints of all segments of a concept."""
        return tuple(row.fingerprint for row in self._catalogue.segments(self.owner, concept_id))

    def drop_segments(self, concept_id: str) -> int:
        """Drop a concept's segments; returns how many."""
        return self._segments.delete(self.owner, concept_id)

    def put_texts(self, concept_id: str, updated: int, encoder: str, vectors: NDArray[np.float16]) -> bool:
        """Keep vectors of a concept's texts; see `Catalogue.put_texts`."""
        return self._catalogue.put_texts(self.owner, concept_id, updated, encoder, vectors)

    def texts(
        self, encoder: str | None, concepts: Collection[str] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Vectors of texts by concept id; see `Catalogue.texts`."""
        return self._catalogue.texts(self.owner, encoder, concepts)

    def put_snapshot(self, name: str, data: bytes) -> None:
        """Keep a snapshot in place of the one of this name."""
        blob = self._blobs.put(self.owner, "index", data, bound=name)
        self._blobs.delete(self.owner, self._catalogue.put_snapshot(self.owner, name, blob))

    def snapshot(self, name: str) -> bytes | None:
        """The bytes of a snapshot whose digest was checked, or None.

        Raises:
            CorruptRecordError: it is damaged; make it again and put it.
        """
        blob = self._catalogue.snapshots(self.owner).get(name)
        while blob is not None:
            try:
                return self._blobs.get(self.owner, blob, bound=name)
            except CorruptRecordError:
                # Not damaged if somebody has replaced or dropped it meanwhile.
                again = self._catalogue.snapshots(self.owner).get(name)
                if again == blob:
                    raise
                blob = again
        return None

    def drop_snapshots(self) -> None:
        """Delete all snapshots: their files, and then their rows."""
        seen: tuple[BlobRef, ...] = ()
        try:
            seen = tuple(self._catalogue.snapshots(self.owner).values())
        except CorruptRecordError as error:
            log("damage.found", what="snapshots", error=error)
        if seen:
            self._blobs.delete(self.owner, seen)
        # Somebody may have put one since.
        gone = {blob.id for blob in seen}
        left = [blob for blob in self._catalogue.drop_snapshots(self.owner) if blob.id not in gone]
        if left:
            self._blobs.delete(self.owner, left)
