"""One question to the model within a turn, and its answer."""

from __future__ import annotations

from jarvis_memory.answer import Answer

from .value import Value

__all__ = ["Cost", "Part"]


class Part(Value):
    """A sub-question and its answer.

    Attributes:
        question: as it was put to the model.
        concepts: names of those it is about.
        answer: with evidence, usage and timings.
        look: it is a second look, or one that finds out what a concept is, and no part of the answer.
    """

    question: str
    concepts: tuple[str, ...]
    answer: Answer
    look: bool = False


class Cost(Value):
    """What a turn has cost: questions to the model, second looks among them, and seconds of all of them."""

    calls: int = 0
    looks: int = 0
    seconds: float = 0.0

    def plus(self, parts: tuple[Part, ...]) -> Cost:
        """The cost with these questions."""
        return Cost(
            calls=self.calls + len(parts),
            looks=self.looks + sum(part.look for part in parts),
            seconds=self.seconds + sum(part.answer.timings.total for part in parts),
        )
