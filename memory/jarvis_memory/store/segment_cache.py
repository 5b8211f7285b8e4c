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
        seconds: float | None = None,
    ) -> bool:
        """Keep a segment made from the concept as it was at ``updated`` (default: now).

        ``seconds`` is how long it took to make, where that was measured: a cache may keep what is worth it.

        Returns:
            False, with nothing kept, if the concept is gone or was updated since, or it is not worth it.
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

    def tidy(self, owner: str) -> int:
        """Drop what nobody can use any more, or is not worth its room; returns how many segments."""
