"""Which of many things with sizes and costs stay in a limited room."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from ...cost_model import worth

__all__ = ["GreedyDual"]

K = TypeVar("K")


class _Entry(NamedTuple):
    rank: float
    turn: int
    size: int
    cost: float


class GreedyDual(Generic[K]):
    """GreedyDual-Size-Frequency (Cherkasova, HPL-98-69R1, 1998) over names and sizes; it holds no data.

    A thing ranks by what a byte of it is worth, uses x seconds / bytes, above a floor that rises to the rank
    of whatever left last, so that what was used long ago goes in the end. What would be the first to leave
    does not come in. Not for several threads at once.

    Args:
        most: bytes.
    """

    def __init__(self, most: int) -> None:
        self.most, self.nbytes, self._floor = most, 0, 0.0
        self._entries: dict[K, _Entry] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._turns = itertools.count()

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[K]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def size(self, key: K) -> int:
        """Bytes of a thing, 0 if it is not there."""
        found = self._entries.get(key)
        return 0 if found is None else found.size

    def put(self, key: K, size: int, cost: float, uses: float) -> list[K] | None:
        """Let something in, in place of what has its name.

        Args:
            key: its name.
            size: bytes.
            cost: seconds that each use of it saves.
            uses: how often it was used lately.

        Returns:
            What has to leave for it; None if it must stay out, and then what had its name is out, too.
        """
        self.drop(key)
        if size > self.most:
            return None
        rank = self._floor + worth(uses, cost, size)
        leaving, freed = list[K](), 0
        while self.nbytes - freed + size > self.most:
            lowest = self._lowest()
            if lowest is None or lowest[0] > rank:
                self._floor = max(self._floor, rank)
                self._return(leaving)
                return None
            heapq.heappop(self._heap)
            leaving.append(lowest[2])
            freed += self._entries[lowest[2]].size
        for gone in leaving:
            self._floor = max(self._floor, self._entries[gone].rank)
            self.drop(gone)
        self._enter(key, rank, size, cost)
        return leaving

    def use(self, key: K, uses: float, cost: float | None = None) -> None:
        """It was used, so often by now; ``cost`` if that is known better."""
        entry = self._entries.get(key)
        if entry is None:
            return
        paid = entry.cost if cost is None else cost
        self.nbytes -= entry.size
        self._enter(key, self._floor + worth(uses, paid, entry.size), entry.size, paid)

    def drop(self, key: K) -> int:
        """It is gone; returns its bytes."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return 0
        self.nbytes -= entry.size
        return entry.size

    def _enter(self, key: K, rank: float, size: int, cost: float) -> None:
        entry = _Entry(rank, next(self._turns), size, cost)
        self._entries[key] = entry
        self.nbytes += size
        heapq.heappush(self._heap, (entry.rank, entry.turn, key))
        if len(self._heap) > 2 * len(self._entries) + 64:
            self._heap = [(one.rank, one.turn, name) for name, one in self._entries.items()]
            heapq.heapify(self._heap)

    def _lowest(self) -> tuple[float, int, K] | None:
        """The head of the heap that is no trace of what left or was ranked anew; the oldest of equals."""
        while self._heap:
            rank, turn, key = self._heap[0]
            entry = self._entries.get(key)
            if entry is not None and entry.turn == turn:
                return rank, turn, key
            heapq.heappop(self._heap)
        return None

    def _return(self, keys: list[K]) -> None:
        for key in keys:
            entry = self._entries[key]
            heapq.heappush(self._heap, (entry.rank, entry.turn, key))
