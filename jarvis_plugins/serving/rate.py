"""How often something may be done, by whom and from where."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from .limits import Limits

__all__ = ["Rate", "Rates"]

_KEPT: Final = 10_000
_MINUTE: Final = 60.0


class Rate:
    """So many at once for each key, and as many again in each minute after (a token bucket).

    Args:
        most: how many; more than 0.
        clock: seconds, never backwards.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock, self._lock = most, clock, threading.Lock()
        self._free: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, owner: str, address: str) -> float:
        """Count one for an owner and an address.

        Returns:
            0.0; or, if either has had too many, the seconds until there is one again, and nothing is counted.
        """
        now, keys = self._clock(), (f"owner {owner}", f"address {address}")
        with self._lock:
            free = [self._now(key, now) for key in keys]
            if min(free) < 1:
                return (1 - min(free)) * _MINUTE / self._most
            for key, left in zip(keys, free, strict=True):
                self._free[key] = (left - 1, now)
                self._free.move_to_end(key)
            while len(self._free) > _KEPT:
                self._free.popitem(last=False)
        return 0.0

    def _now(self, key: str, now: float) -> float:
        left, then = self._free.get(key, (float(self._most), now))
        return min(float(self._most), left + (now - then) * self._most / _MINUTE)


@dataclass(frozen=True, slots=True)
class Rates:
    """How often each owner, and each address, may do what costs.

    Attributes:
        pages: opening a page.
        uploads: bringing a picture.
        asked: asking and teaching.
    """

    pages: Rate
    uploads: Rate
    asked: Rate

    @classmethod
    def of(cls, limits: Limits) -> Self:
        """As the limits say."""
        return cls(Rate(limits.pages_a_minute), Rate(limits.uploads_a_minute), Rate(limits.asked_a_minute))
