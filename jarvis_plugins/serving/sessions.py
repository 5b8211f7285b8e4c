"""Who is signed in: a random key in a signed cookie stands for an owner."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Final

__all__ = ["Sessions"]

_IDLE: Final = 12 * 3600.0


class Sessions:
    """Keys of those who have signed in; a key not used for 12 hours is worth nothing.

    Args:
        clock: seconds, never backwards.
        idle: after how many seconds without use a key is worth nothing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, idle: float = _IDLE) -> None:
        self._clock, self._idle, self._lock = clock, idle, threading.Lock()
        self._seen: dict[str, tuple[str, float]] = {}

    def begin(self, owner: str) -> str:
        """A fresh key for an owner."""
        key, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._seen = {k: v for k, v in self._seen.items() if now - v[1] < self._idle}
            self._seen[key] = (owner, now)
        return key

    def owner(self, key: object, *, renew: bool = True) -> str | None:
        """Whose key it is, None if nobody's. Asking is a use of the key, unless not to ``renew`` it."""
        now = self._clock()
        with self._lock:
            found = self._seen.get(key) if isinstance(key, str) else None
            if found is None or now - found[1] >= self._idle:
                return None
            if renew:
                self._seen[str(key)] = (found[0], now)
            return found[0]

    def left(self, key: str) -> float:
        """Seconds until a key is worth nothing if it is not used; 0 if it is already."""
        with self._lock:
            found = self._seen.get(key)
            return 0.0 if found is None else max(0.0, self._idle - (self._clock() - found[1]))

    def end(self, key: object) -> None:
        """A key that is worth nothing from now on."""
        with self._lock:
            if isinstance(key, str):
                self._seen.pop(key, None)
