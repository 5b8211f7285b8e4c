"""Makes guessing slow: whoever was wrong waits, longer each time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

__all__ = ["Throttle"]

_FREE: Final = 3
_FIRST, _LONGEST = 1.0, 300.0
_KEPT: Final = 10_000


class Throttle:
    """The fourth wrong guess for a key waits a second, each further one twice as long, up to 5 minutes.

    Args:
        clock: seconds, never backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, *keys: str) -> float:
        """Seconds until the next guess for these keys is looked at; 0 if now."""
        now = self._clock()
        with self._lock:
            until = [self._wrong[key][1] for key in keys if key in self._wrong]
        return max((moment - now for moment in until if moment > now), default=0.0)

    def wrong(self, *keys: str) -> None:
        """A guess for these keys was wrong."""
        now = self._clock()
        with self._lock:
            for key in keys:
                count = self._wrong.pop(key, (0, 0.0))[0] + 1
                pause = min(_LONGEST, _FIRST * 2.0 ** min(count - _FREE - 1, 16)) if count > _FREE else 0.0
                self._wrong[key] = (count, now + pause)
            while len(self._wrong) > _KEPT:
                self._wrong.popitem(last=False)

    def right(self, *keys: str) -> None:
        """A guess was right: earlier ones are forgiven."""
        with self._lock:
            for key in keys:
                self._wrong.pop(key, None)
