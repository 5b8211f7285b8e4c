"""How long it takes to get bytes from somewhere, as it was measured lately."""

from __future__ import annotations

import threading

__all__ = ["Meter"]

_FADES = 0.98


class Meter:
    """Seconds = latency + bytes x slope: the line of least squares, where older measurements count less.

    Neither number is negative. Threads may share it.

    Args:
        fades: by how much each measurement makes the earlier ones count less; 1 for not at all.
    """

    def __init__(self, fades: float = _FADES) -> None:
        self._fades, self._lock = fades, threading.Lock()
        self._n = self._x = self._y = self._xx = self._xy = 0.0

    def add(self, nbytes: float, seconds: float) -> None:
        """So many bytes took so long."""
        with self._lock:
            self._n = self._fades * self._n + 1
            self._x = self._fades * self._x + nbytes
            self._y = self._fades * self._y + seconds
            self._xx = self._fades * self._xx + nbytes * nbytes
            self._xy = self._fades * self._xy + nbytes * seconds

    def expected(self, nbytes: float) -> float | None:
        """Seconds for so many bytes; None before anything was measured."""
        with self._lock:
            if not self._n:
                return None
            mean_x, mean_y = self._x / self._n, self._y / self._n
            spread = self._xx / self._n - mean_x * mean_x
            # Sizes that are all the same tell nothing of a slope, and rounding nothing of their spread.
            told = spread > 1e-9 * max(1.0, mean_x * mean_x)
            slope = max(0.0, (self._xy / self._n - mean_x * mean_y) / spread) if told else 0.0
            latency = mean_y - slope * mean_x
            if latency < 0:
                latency, slope = 0.0, self._xy / self._xx if self._xx else 0.0
            return latency + slope * nbytes
