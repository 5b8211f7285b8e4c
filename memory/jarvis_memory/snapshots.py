"""Snapshots of an owner's index in the home."""

from __future__ import annotations

from jarvis_retrievers.errors import InputError

from .store.owner import OwnerStore

__all__ = ["StoredSnapshots"]


class StoredSnapshots:
    """`Snapshots` of one owner, as blobs whose digest is checked when they are read.

    A home that cannot be written keeps none.

    Args:
        store: the owner's store.
        name: tells it from snapshots of other indexes of the owner; the fingerprint of an encoder, say.
    """

    def __init__(self, store: OwnerStore, name: str) -> None:
        self._store, self._name = store, name

    def read(self, owner: str) -> bytes | None:
        """See `Snapshots.read`."""
        self._check(owner)
        return self._store.snapshot(self._name)

    def write(self, owner: str, data: bytes) -> None:
        """See `Snapshots.write`."""
        self._check(owner)
        if not self._store.read_only:
            self._store.put_snapshot(self._name, data)

    def drop(self, owner: str) -> None:
        """See `Snapshots.drop`: all of the owner's go."""
        self._check(owner)
        if not self._store.read_only:
            self._store.drop_snapshots()

    def _check(self, owner: str) -> None:
        if owner != self._store.owner:
            raise InputError(f"this store is that of {self._store.owner!r}, got the owner {owner!r}")
