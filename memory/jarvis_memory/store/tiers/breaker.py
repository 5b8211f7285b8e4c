"""Leaves alone for a while what does not work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Breaker"]


class Breaker:
    """After a failure nobody tries for a while, then one does; each failure in a row doubles the while.

    So what is dead costs one timeout now and then, and not one for each request. Threads may share it.

    Args:
        first, longest: seconds.
        clock: seconds that never go back.
    """

    def __init__(
        self, first: float = 1.0, longest: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._first, self._longest, self._clock = first, longest, clock
        self._lock, self._pause, self._until = threading.Lock(), 0.0, 0.0

    @property
    def broken(self) -> bool:
        """Whether it failed when it was tried last."""
        return self._pause > 0

    def ready(self) -> bool:
        """Whether to try now. While it is broken one caller is told so, and others after the next pause."""
        with self._lock:
            if not self._pause:
                return True
            now = self._clock()
            if now < self._until:
                return False
            self._until = now + self._pause
            return True

    def worked(self) -> None:
        """It worked."""
        with self._lock:
            self._pause = 0.0

    def failed(self) -> bool:
        """It failed; returns whether it worked before."""
        with self._lock:
            fresh = not self._pause
            self._pause = self._first if fresh else min(self._longest, 2 * self._pause)
            self._until = self._clock() + self._pause
        return fresh
