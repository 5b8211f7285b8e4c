"""Blobs of a far place with copies of those used lately on a disk of this machine."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from jarvis_retrievers.errors import CorruptRecordError, StoreError
from jarvis_retrievers.log import log, owner_tag

from .blob_frames import HEADER_SIZE, OVERHEAD, tag_of
from .contracts import BlobRef, BlobStore
from .copies import Copies

__all__ = ["CachedBlobStore", "FramedBlobStore", "without_copies"]


class FramedBlobStore(BlobStore, Protocol):
    """One whose blobs can be had as they are stored: with their header, encrypted if the store is."""

    def frame(self, owner: str, ref: BlobRef) -> bytes:
        """All bytes that are stored for a blob; their length is checked, nothing else.

        Raises:
            CorruptRecordError: missing, or of another length.
        """

    def opened(self, owner: str, ref: BlobRef, frame: bytes, *, bound: str = "") -> bytes:
        """What `get` makes of such bytes, wherever they are from.

        Raises:
            CorruptRecordError: they are not this blob of this owner.
        """


class CachedBlobStore:
    """`BlobStore` in front of another. A copy is what that stores, byte for byte, checked when it is read.

    It is only a cache: a disk that is full or broken costs time, nothing else. The first reading makes a
    copy, not the writing. Deleting takes this machine's copy first, and fails if it stays; see `Copies` for
    what other machines have.

    Args:
        inner: the store itself.
        copies: on this machine.
    """

    def __init__(self, inner: FramedBlobStore, copies: Copies) -> None:
        self.inner, self.copies = inner, copies

    def put(self, owner: str, kind: str, data: bytes, *, bound: str = "") -> BlobRef:
        """See `BlobStore.put`."""
        return self.inner.put(owner, kind, data, bound=bound)

    def get(self, owner: str, ref: BlobRef, *, bound: str = "") -> bytes:
        """See `BlobStore.get`; of a blob that another machine has just deleted there may still be a copy."""
        near = self.copies.get(ref.id, HEADER_SIZE + OVERHEAD + ref.length)
        if near is not None:
            try:
                return self.inner.opened(owner, ref, near, bound=bound)
            except CorruptRecordError as error:
                log("damage.found", what="copies", owner=owner_tag(owner), error=error)
                self.copies.drop([ref.id])
        frame = self.inner.frame(owner, ref)
        data = self.inner.opened(owner, ref, frame, bound=bound)
        if self.copies.put(ref.id, frame):
            self._drop_if_gone(owner, ref)
        return data

    def exists(self, owner: str, ref: BlobRef) -> bool:
        """See `BlobStore.exists`."""
        return self.inner.exists(owner, ref)

    def delete(self, owner: str, refs: Collection[BlobRef]) -> int:
        """See `BlobStore.delete`."""
        ids = [ref.id for ref in refs]
        self.copies.drop(ids)
        count = self.inner.delete(owner, refs)
        # A reader may have put one there meanwhile; see `_drop_if_gone`.
        self.copies.drop(ids, strict=True)
        return count

    def sweep(self, live: Collection[str], grace: float) -> int:
        """See `BlobStore.sweep`; copies are not counted."""
        self.copies.keep_only(live)
        return self.inner.sweep(live, grace)

    def delete_owner(self, owner: str) -> int:
        """See `BlobStore.delete_owner`."""
        tag = tag_of(owner)
        self.copies.drop_tagged(tag)
        count = self.inner.delete_owner(owner)
        self.copies.drop_tagged(tag, strict=True)
        return count

    def _drop_if_gone(self, owner: str, ref: BlobRef) -> None:
        """Whoever deletes takes copies before and after: one that came later finds the blob gone here."""
        try:
            there = self.inner.exists(owner, ref)
        except StoreError as error:
            log("home.disk", what="copies", error=error)
            there = False
        if not there:
            self.copies.drop([ref.id])


def without_copies(blobs: BlobStore) -> BlobStore:
    """The store itself, for whoever wants to know what is there: a copy here says nothing of that."""
    return blobs.inner if isinstance(blobs, CachedBlobStore) else blobs
