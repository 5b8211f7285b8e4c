"""How often concepts are used, and how fast that is forgotten."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from jarvis_retrievers.errors import SettingError

from ...cost_model import MONTH

__all__ = ["UseCounts"]

Key = tuple[str, str]
_DAY = 86_400.0


class UseCounts:
    """Counts that halve in every half-life. Threads may share it.

    They live in this process: who routes an owner to one process counts all of the owner's uses there.

    Args:
        half_life: seconds.
        most: how many counts are kept; above it the smaller half is forgotten.
        clock: seconds.

    Raises:
        SettingError: a number is not above 0.
    """

    def __init__(
        self, half_life: float = 30 * 86_400.0, most: int = 200_000, clock: Callable[[], float] = time.time
    ) -> None:
        if not (half_life > 0 and most > 0):
            raise SettingError(f"half_life and most are more than 0, got {half_life} and {most}")
        self._decay, self._most, self._clock = math.log(2) / half_life, most, clock
        self._began, self._lock = clock(), threading.Lock()
        self._counts: dict[Key, tuple[float, float]] = {}
        self._seen: dict[str, float] = {}

    def use(self, key: Key) -> float:
        """Count one use; returns the count."""
        now = self._clock()
        with self._lock:
            count = 1.0 + self._at(key, now)
            self._counts[key] = (count, now)
            if len(self._counts) > self._most:
                by_count = sorted(self._counts, key=lambda one: self._at(one, now))
                for one in by_count[: len(by_count) // 2]:
                    del self._counts[one]
        return count

    def count(self, key: Key) -> float:
        """The count by now."""
        with self._lock:
            return self._at(key, self._clock())

    def months(self) -> float:
        """The time that counts stand for: what was long ago counts less, as in the counts themselves."""
        age = max(0.0, self._clock() - self._began)
        return -math.expm1(-self._decay * age) / self._decay / MONTH

    def due(self, owner: str) -> bool:
        """Whether to look at all of an owner's concepts: once in a day, and not on the first."""
        now = self._clock()
        with self._lock:
            if now - self._seen.setdefault(owner, now) < _DAY:
                return False
            self._seen[owner] = now
        return True

    def forget(self, owner: str, concept: str | None = None) -> None:
        """Keep no count of a concept, or of any of an owner."""
        with self._lock:
            for key in [one for one in self._counts if one[0] == owner and concept in (None, one[1])]:
                del self._counts[key]
            if concept is None:
                self._seen.pop(owner, None)

    def _at(self, key: Key, now: float) -> float:
        count, then = self._counts.get(key, (0.0, now))
        return count * math.exp(-self._decay * max(0.0, now - then))
