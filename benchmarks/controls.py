"""Shared by all benchmarks: shares with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """A share of right answers with its 95 % Wilson interval."""

    right: int
    of: int

    @property
    def value(self) -> float:
        """The share; 0 of nothing is 0."""
        return self.right / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson score interval at 95 % (Wilson, JASA 1927)."""
        if not self.of:
            return (0.0, 1.0)
        z, n, p = 1.959964, self.of, self.value
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (max(0.0, centre - half), min(1.0, centre + half))

    @classmethod
    def of_all(cls, marks: Sequence[bool]) -> Share:
        """The share of true marks."""
        return cls(sum(marks), len(marks))

    def to_dict(self) -> dict[str, float | int | list[float]]:
        """As the benchmarks print it."""
        low, high = self.interval
        return {"accuracy": round(self.value, 4), "low": round(low, 4), "high": round(high, 4), "n": self.of}
