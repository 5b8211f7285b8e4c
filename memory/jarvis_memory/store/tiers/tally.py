"""Counts what a tier does."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Literal

from .tier import TierReport

__all__ = ["TierTally"]


class TierTally:
    """Counts for a `TierReport`. Threads may share it."""

    def __init__(self) -> None:
        self._lock, self._counts = threading.Lock(), Counter[str]()

    def count(self, what: Literal["hit", "miss", "kept", "refused", "failed"]) -> None:
        """One more."""
        with self._lock:
            self._counts[what] += 1

    def report(self, name: str, nbytes: int | None) -> TierReport:
        """All so far."""
        with self._lock:
            c = self._counts
            return TierReport(name, c["hit"], c["miss"], c["kept"], c["refused"], c["failed"], nbytes)
