"""Blobs as objects: the frames of files, one object each."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection

from jarvis_retrievers.errors import CorruptRecordError, HomeReadOnlyError, StoreError

from ..blob_frames import HEADER_SIZE, OVERHEAD, header_of, opened_frame, packed, size_of, unusable
from ..cipher import KeyRing, OwnerCipher, PlainRing
from ..contracts import BlobRef
from ..keys import keyed
from .bucket import Bucket

__all__ = ["ObjectBlobStore"]

_ID = re.compile(r"[0-9a-f]{32}\Z")
_BLOBS, _CLOCK = "blobs", "clock"
_FEW = 4


class ObjectBlobStore:
    """``<prefix>/blobs/<2 digits>/<owner>/<id>``, where ``<owner>`` is an HMAC of the owner's name.

    So an owner's blobs are one listing, and a listing (an inventory, a log of requests) tells how many owners
    there are and how much each has, but no name, and not whether a name that somebody guesses is among them.

    Args:
        bucket: where.
        secret: the HMAC's key, the same for all who share the prefix; the cluster's id.
        read_only: refuse writes.
        keys: who encrypts; nobody by default.
    """

    def __init__(
        self, bucket: Bucket, secret: bytes, *, read_only: bool = False, keys: KeyRing | None = None
    ) -> None:
        self._bucket, self._secret, self._read_only = bucket, secret, read_only
        self._keys: KeyRing = keys or PlainRing()

    def put(
        self, owner: str, kind: str, data: bytes, *, bound: str = "", cipher: OwnerCipher | None = None
    ) -> BlobRef:
        """See `BlobStore.put`; ``cipher`` is by default the owner's own."""
        self._check_writable()
        header_of(owner, kind)
        cipher, blob_id = cipher or self._keys.current(owner), secrets.token_hex(16)
        parts, found = packed(owner, kind, blob_id, data, bound, cipher)
        ref = BlobRef(blob_id, len(data), found, cipher.key_id)
        if not self._bucket.put(self._key(owner, ref), b"".join(parts)):
            raise StoreError(f"{self._bucket.shown} has another object in place of a new one; try again")
        return ref

    def get(self, owner: str, ref: BlobRef, *, bound: str = "") -> bytes:
        """See `BlobStore.get`."""
        return self.opened(owner, ref, self.frame(owner, ref), bound=bound)

    def frame(self, owner: str, ref: BlobRef) -> bytes:
        """See `FramedBlobStore.frame`."""
        # One more byte than there can be: an object that grew must not be read whole to find that out.
        data = self._bucket.get(self._key(owner, ref), HEADER_SIZE + OVERHEAD + ref.length + 1)
        if data is None:
            raise unusable(ref.id, "it is missing")
        expected = size_of(data[:HEADER_SIZE], ref.length)
        if len(data) != expected:
            raise unusable(ref.id, f"it should have {expected} bytes, got {len(data)} or more")
        return data

    def opened(self, owner: str, ref: BlobRef, frame: bytes, *, bound: str = "") -> bytes:
        """See `FramedBlobStore.opened`."""
        return opened_frame(self._keys, owner, ref, frame, bound)

    def exists(self, owner: str, ref: BlobRef) -> bool:
        """See `BlobStore.exists`."""
        return self._bucket.info(self._key(owner, ref)) is not None

    def delete(self, owner: str, refs: Collection[BlobRef]) -> int:
        """See `BlobStore.delete`; only what is under this owner's name."""
        if not refs:
            return 0
        self._check_writable()
        # A rotten id names no object; the object that it once named is found by the next sweep.
        return self._remove(owner, {self._key(owner, ref) for ref in refs if _ID.match(ref.id)})

    def sweep(self, live: Collection[str], grace: float) -> int:
        """See `BlobStore.sweep`; age is told by the service's clock, not by this machine's."""
        self._check_writable()
        now = self._now()
        names, oldest, count = frozenset(live), now - grace, 0
        for shard in self._bucket.folders(_BLOBS):
            # One at a time: a bucket's whole listing may be larger than the memory.
            keys = [
                each.key
                for each in self._bucket.list(f"{_BLOBS}/{shard}")
                if each.written <= oldest and each.key.rpartition("/")[2] not in names
            ]
            self._bucket.remove(keys)
            count += len(keys)
        self._bucket.remove_unfinished(_BLOBS, oldest)
        self._bucket.remove([each.key for each in self._bucket.list(_CLOCK) if each.written < now - 3600])
        return count

    def delete_owner(self, owner: str) -> int:
        """See `BlobStore.delete_owner`."""
        self._check_writable()
        return self._remove(owner, None)

    def _remove(self, owner: str, keys: set[str] | None) -> int:
        """Delete these of an owner's objects, or all, and see that they are gone; returns how many."""
        there = self._there(owner, keys)
        self._bucket.remove(there)
        left = self._there(owner, there) if there else set()
        if left:
            raise HomeReadOnlyError(
                f"{self._bucket.shown}: {len(left)} of {len(there)} objects are still there after they were "
                "deleted; let these credentials delete objects under this prefix, and forget again"
            )
        return len(there)

    def _there(self, owner: str, keys: set[str] | None) -> set[str]:
        if keys is not None and len(keys) <= _FEW:
            return {key for key in keys if self._bucket.info(key) is not None}
        listed = {each.key for each in self._bucket.list(self._folder(owner))}
        return listed if keys is None else listed & keys

    def _now(self) -> float:
        """The time there, of an object that is written now."""
        key = f"{_CLOCK}/{secrets.token_hex(16)}"
        self._bucket.put(key, b"")
        try:
            found = self._bucket.info(key)
        finally:
            self._bucket.remove([key])
        if found is None or found.written == float("inf"):
            raise StoreError(
                f"{self._bucket.shown} does not say when an object was written; nothing is swept"
            )
        return found.written

    def _folder(self, owner: str) -> str:
        tag = keyed(self._secret, "jarvis/object/owner", owner)[:16].hex()
        return f"{_BLOBS}/{tag[:2]}/{tag}"

    def _key(self, owner: str, ref: BlobRef) -> str:
        if not _ID.match(ref.id):
            raise CorruptRecordError(
                f"a blob's id must be 32 hexadecimal digits, got {ascii(ref.id)[:60]}; the record is damaged"
            )
        return f"{self._folder(owner)}/{ref.id}"

    def _check_writable(self) -> None:
        if self._read_only:
            raise HomeReadOnlyError(
                f"{self._bucket.shown} was opened to be read; open it for writing, nothing was changed"
            )
