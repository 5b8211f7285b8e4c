"""The contract of what keeps segments."""

from __future__ import annotations

from typing import Protocol

__all__ = ["SegmentCache"]


class SegmentCache(Protocol):
    """Segments as opaque bytes. Losing one costs time, nothing else."""

    def put(
        self,
        owner: str,
        concept_id: str,
        fingerprint: str,
        data: bytes,
        *,
        tokens: int = 0,
        updated: int | None = None,
    ) -> bool:
        """Keep a segment made from the concept as it was at ``updated`` (default: now).

        Returns:
            False, with nothing kept, if the concept is gone or was updated since.
        """

    def get(self, owner: str, concept_id: str, fingerprint: str) -> bytes | None:
        """The segment's bytes, or None if there is none.

        Raises:
            CorruptRecordError: it is there but damaged; make it again from the record and `put` it.
        """

    def delete(self, owner: str, concept_id: str) -> int:
        """Drop all segments of a concept; returns how many."""

    def nbytes(self, owner: str) -> int:
        """Bytes that the owner's segments take."""

    def delete_owner(self, owner: str) -> None:
        """Drop all segments of the owner."""
