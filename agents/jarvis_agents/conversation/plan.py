"""What is put to the model for one question, and what is made of the answers."""

from __future__ import annotations

from typing import Literal

from .value import Value

__all__ = ["Plan", "Reduction", "Sub"]

Reduction = Literal[
    "whole", "list", "which", "count", "most", "least", "more", "same", "yes", "hop", "record"
]


class Sub(Value):
    """One question to the model.

    Attributes:
        question: as it is put.
        names: who may be in its context; None lets retrieval decide, which looks at pictures.
        shown: the pictures of the turn go with it.
        tokens: the most tokens of its answer.
    """

    question: str
    names: tuple[str, ...] | None
    shown: bool = False
    tokens: int = 256


class Plan(Value):
    """Questions to the model, and how their answers become one.

    Attributes:
        subs: the questions, one for each concept unless it is ``whole``.
        reduce: ``whole``: the answer as it is; ``list``: all, one after the other; ``which``: those for whom
            ``value`` holds; ``count``: how many; ``most``, ``least``: whose value is; ``more``: whether the
            first has more than the second; ``same``: whether all values are equal; ``yes``: whether it holds
            for all; ``hop``: the answer names the one that the question goes on with; ``record``: answered
            from the record, without the model.
        key: the property that is asked for, if it is known.
        value: what it is compared with.
        negated: ``which`` and ``count`` of those for whom it does not hold; ``more`` is less.
        word: the word of the question that compares, such as "oldest".
        start, end: with ``hop``, where in the question the words stand that are replaced.
    """

    subs: tuple[Sub, ...]
    reduce: Reduction = "whole"
    key: str = ""
    value: str = ""
    negated: bool = False
    word: str = ""
    start: int = 0
    end: int = 0

    def but(self, **changes: object) -> Plan:
        """The plan with some of it changed."""
        return self.model_copy(update=changes)
