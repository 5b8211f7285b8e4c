"""Shares of right answers with their intervals, as all benchmarks print them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jarvis_bench.intervals import wilson


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
        """Wilson's score interval at 95 %."""
        told = wilson(self.right, self.of)
        return told.low, told.high

    @classmethod
    def of_all(cls, marks: Sequence[bool]) -> Share:
        """The share of true marks."""
        return cls(sum(marks), len(marks))

    def to_dict(self) -> dict[str, float | int | list[float]]:
        """As the benchmarks print it."""
        low, high = self.interval
        return {"accuracy": round(self.value, 4), "low": round(low, 4), "high": round(high, 4), "n": self.of}
