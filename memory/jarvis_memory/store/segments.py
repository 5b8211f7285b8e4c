"""Segments kept as bytes: what makes the next question fast, and can always be made again."""

from __future__ import annotations

import re
import threading

from jarvis_retrievers.errors import CorruptRecordError, SettingError

from .contracts import BlobStore, Catalogue, SegmentRow

__all__ = ["FileSegmentCache", "MemorySegmentCache", "bound_to", "check_fingerprint"]

_FINGERPRINT = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")


class FileSegmentCache:
    """`SegmentCache` over a catalogue, which knows what is there, and a blob store, which holds the bytes."""

    def __init__(self, catalogue: Catalogue, blobs: BlobStore) -> None:
        self._catalogue = catalogue
        self._blobs = blobs

    def put(
        self,
        owner: str,
        concept_id: str,
        fingerprint: str,
        data: bytes,
        *,
        tokens: int = 0,
        updated: int | None = None,
        seconds: float | None = None,
    ) -> bool:
        """See `SegmentCache.put`."""
        check_fingerprint(fingerprint)
        if updated is None:
            concept = self._catalogue.concept(owner, concept_id)
            if concept is None:
                return False
            updated = concept.updated
        blob = self._blobs.put(owner, "segment", data, bound=bound_to(concept_id, fingerprint))
        row = SegmentRow(concept_id, fingerprint, updated, tokens, blob)
        unused = self._catalogue.put_segment(owner, row)
        self._blobs.delete(owner, unused)
        return blob not in unused

    def get(self, owner: str, concept_id: str, fingerprint: str) -> bytes | None:
        """See `SegmentCache.get`."""
        check_fingerprint(fingerprint)
        row = self._catalogue.segment(owner, concept_id, fingerprint)
        while row is not None:
            try:
                return self._blobs.get(owner, row.blob, bound=bound_to(concept_id, fingerprint))
            except CorruptRecordError:
                # Gone between the two looks if somebody has replaced or dropped it, or has encrypted it anew;
                # damage if the row is still the same.
                again = self._catalogue.segment(owner, concept_id, fingerprint)
                if again == row:
                    raise
                row = again
        return None

    def delete(self, owner: str, concept_id: str) -> int:
        """See `SegmentCache.delete`."""
        blobs = self._catalogue.drop_segments(owner, concept_id)
        self._blobs.delete(owner, blobs)
        return len(blobs)

    def nbytes(self, owner: str) -> int:
        """See `SegmentCache.nbytes`."""
        return self._catalogue.usage(owner).segments

    def delete_owner(self, owner: str) -> None:
        """See `SegmentCache.delete_owner`."""
        for concept_id in self._catalogue.ids(owner):  # whose rows need not be sound
            self.delete(owner, concept_id)

    def tidy(self, owner: str) -> int:
        """See `SegmentCache.tidy`: rows and blobs go with their concept, so nothing is left to do."""
        return 0


class MemorySegmentCache:
    """The reference: segments in a dict; it does not know which concepts there are, so `put` always keeps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._segments: dict[tuple[str, str, str], tuple[int | None, bytes]] = {}

    def put(
        self,
        owner: str,
        concept_id: str,
        fingerprint: str,
        data: bytes,
        *,
        tokens: int = 0,
        updated: int | None = None,
        seconds: float | None = None,
    ) -> bool:
        """See `SegmentCache.put`."""
        check_fingerprint(fingerprint)
        with self._lock:
            self._segments[owner, concept_id, fingerprint] = (updated, bytes(data))
        return True

    def get(self, owner: str, concept_id: str, fingerprint: str) -> bytes | None:
        """See `SegmentCache.get`."""
        check_fingerprint(fingerprint)
        with self._lock:
            found = self._segments.get((owner, concept_id, fingerprint))
        return None if found is None else found[1]

    def delete(self, owner: str, concept_id: str) -> int:
        """See `SegmentCache.delete`."""
        return self._drop(owner, concept_id)

    def nbytes(self, owner: str) -> int:
        """See `SegmentCache.nbytes`."""
        with self._lock:
            return sum(len(data) for (whose, _, _), (_, data) in self._segments.items() if whose == owner)

    def delete_owner(self, owner: str) -> None:
        """See `SegmentCache.delete_owner`."""
        self._drop(owner, None)

    def tidy(self, owner: str) -> int:
        """See `SegmentCache.tidy`: it does not know which concepts there are."""
        return 0

    def _drop(self, owner: str, concept_id: str | None) -> int:
        with self._lock:
            gone = [key for key in self._segments if key[0] == owner and concept_id in (None, key[1])]
            for key in gone:
                del self._segments[key]
        return len(gone)


def bound_to(concept_id: str, fingerprint: str) -> str:
    """What the blob of a segment belongs to."""
    return f"{concept_id}/{fingerprint}"


def check_fingerprint(fingerprint: str) -> None:
    """Raise SettingError for what cannot be one."""
    if not _FINGERPRINT.match(fingerprint):
        raise SettingError(
            f"a fingerprint must be 1 to 128 letters, digits or ._:-, got {ascii(fingerprint)[:60]}"
        )
