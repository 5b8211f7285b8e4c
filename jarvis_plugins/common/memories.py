"""The memories of many owners over one model, a bounded number of them open at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jarvis_memory.memory import PersonalMemory
from jarvis_memory.tally import LoadCounts
from jarvis_retrievers.errors import SettingError

__all__ = ["Memories"]


@dataclass(slots=True)
class _Open:
    memory: PersonalMemory
    lent: int = 0


class Memories:
    """Memories by owner, opened when first wanted; those used longest ago are closed. Threads may share it.

    Args:
        opened: opens the memory of an owner.
        most: how many are open at once; those that are in use are never closed, so there may be more.

    Raises:
        SettingError: ``most`` is not 1 or more.
    """

    def __init__(self, opened: Callable[[str], PersonalMemory], most: int = 64) -> None:
        if most < 1:
            raise SettingError(f"at least 1 memory has to be open, got {most}")
        self._opened, self._most = opened, most
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._past = LoadCounts()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many are open."""
        with self._lock:
            return len(self._open)

    @property
    def loads(self) -> LoadCounts:
        """How often segments were there when they were needed, of all owners so far."""
        with self._lock:
            return _sum(self._past, *(one.memory.loads for one in self._open.values()))

    @contextmanager
    def lent(self, owner: str) -> Iterator[PersonalMemory]:
        """The memory of an owner, which stays open within the block.

        Raises:
            As for `PersonalMemory.open`.
        """
        with self._lock:
            if owner not in self._open:
                self._open[owner] = _Open(self._opened(owner))
            one = self._open[owner]
            one.lent += 1
            self._open.move_to_end(owner)
            self._spare()
        try:
            yield one.memory
        finally:
            with self._lock:
                one.lent -= 1
                self._spare()

    def close(self) -> None:
        """Close all memories; one that is in use then fails with its next read."""
        with self._lock:
            for owner in list(self._open):
                self._end(owner)

    def _spare(self) -> None:
        for owner in [owner for owner, one in self._open.items() if not one.lent]:
            if len(self._open) <= self._most:
                return
            self._end(owner)

    def _end(self, owner: str) -> None:
        memory = self._open.pop(owner).memory
        self._past = _sum(self._past, memory.loads)
        memory.close()


def _sum(*counts: LoadCounts) -> LoadCounts:
    return LoadCounts(*(sum(getattr(one, name) for one in counts) for name in LoadCounts.__slots__))
