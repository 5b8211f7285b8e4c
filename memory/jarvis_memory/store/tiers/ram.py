"""Segments as bytes in main memory, of all owners of a process together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

from jarvis_retrievers.errors import SettingError

from .greedy_dual import GreedyDual
from .tally import TierTally
from .tier import Label, TierReport

__all__ = ["RamTier"]


class RamTier:
    """`SegmentTier` in a dict; the reference.

    For processes that open and close the memories of many owners: what a memory has at hand goes when it is
    closed, and this stays.

    Args:
        most: bytes.

    Raises:
        SettingError: not above 0.
    """

    name, outside = "ram", False

    def __init__(self, most: int) -> None:
        if most < 1:
            raise SettingError(f"ram_bytes must be more than 0, got {most}; leave it out for no such tier")
        self._order, self._data = GreedyDual[Label](most), dict[Label, bytes]()
        self._lock, self._tally = threading.Lock(), TierTally()

    def get(self, label: Label, uses: float) -> bytes | None:
        """See `SegmentTier.get`."""
        with self._lock:
            found = self._data.get(label)
            self._order.use(label, uses)
        self._tally.count("miss" if found is None else "hit")
        return found

    def put(self, label: Label, data: bytes, cost: float, uses: float) -> bool:
        """See `SegmentTier.put`."""
        with self._lock:
            leaving = self._order.put(label, len(data), cost, uses)
            for gone in (label,) if leaving is None else leaving:
                self._data.pop(gone, None)
            if leaving is not None:
                self._data[label] = data
        self._tally.count("refused" if leaving is None else "kept")
        return leaving is not None

    def delete(self, owner: str, concept: str | None = None, name: str | None = None) -> int:
        """See `SegmentTier.delete`."""
        return self._drop(lambda one: concept in (None, one.concept) and name in (None, one.name), owner)

    def keep_only(self, owner: str, concepts: Collection[str]) -> int:
        """See `SegmentTier.keep_only`."""
        return self._drop(lambda one: one.concept not in concepts, owner)

    def report(self) -> TierReport:
        """See `SegmentTier.report`."""
        with self._lock:
            nbytes = self._order.nbytes
        return self._tally.report(self.name, nbytes)

    def close(self) -> None:
        """Keep nothing."""
        with self._lock:
            for label in self._order:
                self._order.drop(label)
            self._data.clear()

    def _drop(self, fits: Callable[[Label], bool], owner: str) -> int:
        with self._lock:
            gone = [one for one in self._data if one.owner == owner and fits(one)]
            for one in gone:
                self._order.drop(one)
                del self._data[one]
        return len(gone)
