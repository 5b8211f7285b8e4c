"""What a demo has measured."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["LEAST_ACCURACY", "DemoQuestion", "DemoResult"]

LEAST_ACCURACY = 0.85
"""A demo with a smaller share of right answers has failed."""


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    """One question of the demo, and what came back.

    Attributes:
        kind: as in `jarvis_pocket.ask`.
        question: its text.
        concepts: names of the concepts found, most likely first.
        answer: from the composed context.
        expected: the full right answer.
        right: whether the answer counts.
        tokens_reused: rows of the context that came from stored segments.
        ttft_seconds: from the question to the first token in ``compose``; median of the rounds.
        ttft_ratio: that, divided by the same in ``exact``.
        answer_without_memory: of the same model to the same question and picture, with no context.
        right_without_memory: whether that counts.
    """

    kind: str
    question: str
    concepts: tuple[str, ...]
    answer: str
    expected: str
    right: bool
    tokens_reused: int
    ttft_seconds: float
    ttft_ratio: float
    answer_without_memory: str
    right_without_memory: bool


@dataclass(frozen=True, slots=True)
class DemoResult:
    """All questions, and the bytes of the home's files after them."""

    questions: tuple[DemoQuestion, ...]
    home_bytes: int

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return statistics.fmean(one.right for one in self.questions)

    @property
    def accuracy_without_memory(self) -> float:
        """Share of right answers of the same model with no context."""
        return statistics.fmean(one.right_without_memory for one in self.questions)

    @property
    def ttft_ratio_median(self) -> float:
        """Median over the questions of the time to first token in ``compose`` relative to ``exact``."""
        return statistics.median(one.ttft_ratio for one in self.questions)

    @property
    def passed(self) -> bool:
        """Whether enough answers are right."""
        return self.accuracy >= LEAST_ACCURACY

    def to_dict(self) -> dict[str, Any]:
        """In plain types, as ``jarvis demo --json`` prints it."""
        return {
            "questions": [asdict(one) | {"concepts": list(one.concepts)} for one in self.questions],
            "accuracy": self.accuracy,
            "accuracy_without_memory": self.accuracy_without_memory,
            "ttft_ratio_median": self.ttft_ratio_median,
            "home_bytes": self.home_bytes,
        }
