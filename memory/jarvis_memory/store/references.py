"""From rows to what they point to."""

from __future__ import annotations

from collections.abc import Iterable

from jarvis_retrievers.errors import CorruptRecordError

from .contracts import BlobRef, SegmentRow
from .rows import Row

__all__ = ["blob_of", "reference", "segment_of"]


def reference(fields: Row) -> BlobRef:
    """That of ``(blob, length, blob_digest)``.

    Raises:
        CorruptRecordError: it is none, whatever its row's digest says.
    """
    if not _is_one(fields):
        raise CorruptRecordError(
            f"a row points to no blob, but to {ascii(fields[0])[:60]} of {ascii(fields[1])[:30]} bytes; "
            "restore catalogue.sqlite from a backup"
        )
    return BlobRef(*fields)


def blob_of(rows: Iterable[Row]) -> tuple[BlobRef, ...]:
    """References to delete. What is none is left out: a damaged concept must be possible to erase."""
    return tuple(BlobRef(*fields) for fields in rows if _is_one(fields))


def segment_of(row: Row) -> SegmentRow:
    """A row of ``segments`` as a value.

    Raises:
        CorruptRecordError: it points to no blob.
    """
    return SegmentRow(row[1], row[3], row[4], row[5], reference(row[6:9]))


def _is_one(fields: Row) -> bool:
    name, length, digest = fields
    return isinstance(name, str) and isinstance(digest, str) and isinstance(length, int) and length >= 0
