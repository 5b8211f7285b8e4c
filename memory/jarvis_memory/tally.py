"""How often segments were there when they were needed, and why not."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Literal

__all__ = ["LoadCounts", "Miss", "Tally"]

Miss = Literal["missing", "foreign", "damaged"]


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """How often segments were asked for since the memory was opened, by what came of it.

    Attributes:
        hand, store: hits: it was at hand, or came from the store.
        missing: a miss: none was stored.
        foreign: a miss: what is stored was made by another model or version, with another tokenizer,
            template, adapter, dtype or setting (`jarvis_memory.vlm.fingerprint`), or for another selector.
        damaged: a miss: what is stored is broken, or of other tokens than the concept has.
    """

    hand: int = 0
    store: int = 0
    missing: int = 0
    foreign: int = 0
    damaged: int = 0

    @property
    def misses(self) -> int:
        """How often a segment had to be encoded."""
        return self.missing + self.foreign + self.damaged


class Tally:
    """Counts loads of segments; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def count(self, what: Literal["hand", "store"] | Miss) -> None:
        """One more of these."""
        with self._lock:
            self._counts[what] += 1

    @property
    def counts(self) -> LoadCounts:
        """What was counted so far."""
        with self._lock:
            return LoadCounts(**self._counts)
