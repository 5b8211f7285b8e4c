"""Blobs in a dict: the reference that every other store of blobs must agree with."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection

from .blob_frames import header_of, payload_digest
from .blobs import unusable
from .contracts import BlobRef

__all__ = ["MemoryBlobStore"]


class MemoryBlobStore:
    """The reference: blobs in a dict. Nothing of it outlives the process.

    Args:
        clock: seconds, monotonic; for the grace period of `sweep`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._blobs: dict[str, tuple[str, str, bytes, float]] = {}

    def put(self, owner: str, kind: str, data: bytes, *, bound: str = "") -> BlobRef:
        """See `BlobStore.put`."""
        header_of(owner, kind)
        ref = BlobRef(secrets.token_hex(16), len(data), payload_digest(owner, kind, data))
        with self._lock:
            self._blobs[ref.id] = (owner, kind, bytes(data), self._clock())
        return ref

    def get(self, owner: str, ref: BlobRef, *, bound: str = "") -> bytes:
        """See `BlobStore.get`."""
        with self._lock:
            found = self._blobs.get(ref.id)
        if found is None:
            raise unusable(ref.id, "it is missing")
        _, kind, data, _ = found
        if len(data) != ref.length or payload_digest(owner, kind, data) != ref.digest:
            raise unusable(ref.id, "its digest does not match")
        return data

    def exists(self, owner: str, ref: BlobRef) -> bool:
        """See `BlobStore.exists`."""
        with self._lock:
            return ref.id in self._blobs and self._blobs[ref.id][0] == owner

    def delete(self, owner: str, refs: Collection[BlobRef]) -> int:
        """See `BlobStore.delete`."""
        wanted = {ref.id for ref in refs}
        return self._drop(lambda blob_id, _, __: blob_id in wanted)

    def sweep(self, live: Collection[str], grace: float) -> int:
        """See `BlobStore.sweep`."""
        names, oldest = frozenset(live), self._clock() - grace
        return self._drop(lambda blob_id, _, written: blob_id not in names and written <= oldest)

    def delete_owner(self, owner: str) -> int:
        """See `BlobStore.delete_owner`."""
        return self._drop(lambda _, whose, __: whose == owner)

    def _drop(self, chosen: Callable[[str, str, float], bool]) -> int:
        with self._lock:
            gone = [key for key, (owner, _, _, written) in self._blobs.items() if chosen(key, owner, written)]
            for key in gone:
                del self._blobs[key]
        return len(gone)
