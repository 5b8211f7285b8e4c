"""The indexes of many owners in one process, within a number of bytes."""

from __future__ import annotations

import threading
import weakref
from typing import Final, Protocol

from jarvis_retrievers.errors import SettingError

__all__ = ["VIEWS", "VIEW_BYTES", "Resting", "ViewPool"]

VIEW_BYTES: Final = 1024 * 2**20
"""Bytes of all owners' indexes in a process."""


class Resting(Protocol):
    """What can let go of its index, and makes it again when it is needed."""

    def rest(self) -> None:
        """Let go of it."""


class ViewPool:
    """Lets the owners rest whose turn was longest ago, where all indexes are larger than a limit together.

    The one that was used last stays, however large. Threads may share it.

    Args:
        most: how many bytes.

    Raises:
        SettingError: ``most`` is negative.
    """

    def __init__(self, most: int = VIEW_BYTES) -> None:
        self._lock = threading.Lock()
        self._sizes: weakref.WeakKeyDictionary[Resting, int] = weakref.WeakKeyDictionary()
        self.limit(most)

    @property
    def nbytes(self) -> int:
        """Bytes of all that are in memory."""
        with self._lock:
            return sum(self._sizes.values())

    def limit(self, most: int) -> None:
        """Change the limit; it holds from the next question on."""
        if most < 0:
            raise SettingError(f"indexes take 0 bytes or more, got {most}")
        self._most = most

    def used(self, one: Resting, nbytes: int) -> None:
        """Note that an index was used, and how large it is; others may have to rest for it."""
        with self._lock:
            self._sizes.pop(one, None)
            self._sizes[one] = nbytes  # the last in order
            size, tired = sum(self._sizes.values()), []
            for other, weight in list(self._sizes.items()):
                if size <= self._most or other is one:
                    break
                tired.append(other)
                size -= weight
                del self._sizes[other]
        for other in tired:
            other.rest()


VIEWS: Final = ViewPool()
"""That of this process."""
