"""Where what an index has learned is kept, so that it is not learned anew: the contract and its reference."""

from __future__ import annotations

import threading
from typing import Protocol

__all__ = ["MemorySnapshots", "Snapshots"]


class Snapshots(Protocol):
    """A snapshot for each owner. Losing one costs time, nothing else."""

    def read(self, owner: str) -> bytes | None:
        """The owner's snapshot, or None.

        Raises:
            CorruptRecordError: its digest does not match; nothing of it has been read as anything else.
        """
        ...

    def write(self, owner: str, data: bytes) -> None:
        """Keep a snapshot in place of the one that is there; whole or not at all."""
        ...

    def drop(self, owner: str) -> None:
        """Delete the owner's snapshot, if there is one."""
        ...


class MemorySnapshots:
    """The reference: a dict. Nothing of it outlives the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, bytes] = {}

    def read(self, owner: str) -> bytes | None:
        """See `Snapshots.read`."""
        with self._lock:
            return self._kept.get(owner)

    def write(self, owner: str, data: bytes) -> None:
        """See `Snapshots.write`."""
        with self._lock:
            self._kept[owner] = bytes(data)

    def drop(self, owner: str) -> None:
        """See `Snapshots.drop`."""
        with self._lock:
            self._kept.pop(owner, None)
