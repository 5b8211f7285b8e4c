"""How questions are put to a model: in its own words, where it knows only a few."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from .properties import asked_property, property_of
from .questions import read
from .ties import tie_in

__all__ = ["OpenPutting", "PlainPutting", "Putting", "putting_for"]


_ABOUT = (
    "(?:please )?tell me (?:something |more |all |everything )?about|compare|describe|who is|what about|"
    "what (?:do|can) you (?:know|tell me|say) (?:about|of)"
)


class Putting(Protocol):
    """How questions are put to a model. Both methods are pure: the same words give the same question."""

    def one(self, question: str, name: str) -> str:
        """A question about one concept, as the model answers it best."""
        ...

    def together(self, question: str, names: Sequence[str]) -> bool:
        """Whether the model answers this question about several concepts from one context."""
        ...

    def alone(self, question: str) -> bool:
        """Whether the model is asked a question that is about nobody in memory, nor names anybody."""
        ...


class PlainPutting:
    """As the user asks; for models that understand what people write."""

    def one(self, question: str, name: str) -> str:
        """The question itself."""
        return question

    def together(self, question: str, names: Sequence[str]) -> bool:
        """Such a model compares what is in its context; the settings say how much that may be."""
        return True

    def alone(self, question: str) -> bool:
        """Such a model has something to say about everything."""
        return True


class OpenPutting:
    """Open questions in the plainest words; for small models such as Pocket.

    "Does Bo like noodles?" becomes "What does Bo like?", and what is answered is compared by rule. Questions
    with a picture stay as they are, and so does what no table knows.
    """

    def one(self, question: str, name: str) -> str:
        """The question in the words of `PROPERTIES`, if one of them is asked for."""
        tie = tie_in(question, [name])
        if tie is not None:
            who = re.fullmatch(
                r"who is\s+\?*", question[: tie.start()] + question[tie.end() :], re.IGNORECASE
            )
            return f"Who shares a bowl with {name}?" if who else question
        if re.fullmatch(rf"(?:(?:{_ABOUT}) )?{re.escape(name)}\W*", question, re.IGNORECASE):
            return f"What is {name}?"
        known = asked_property(question)
        if known is not None:
            return known.question.format(n=name)
        asked = read(question, (name,), everybody=False)
        told = property_of(asked.key) if asked is not None else None
        return told.question.format(n=name) if told else question

    def together(self, question: str, names: Sequence[str]) -> bool:
        """Only what such models were taught: which of two has something, and whether emblems are the same."""
        if len(names) != 2:
            return False
        first, second = (re.escape(name) for name in names)
        return any(
            re.fullmatch(pattern, question.strip(), re.IGNORECASE)
            for pattern in (
                rf"who (?!is older|is younger).+, {first} or {second}\?*",
                rf"which of {first} and {second} (?!is older|is younger).+",
                rf"(?:do {first} and {second} have|are the emblems of {first} and {second}).*\bsame\b.*",
            )
        )

    def alone(self, question: str) -> bool:
        """Such a model knows nothing but what is in its context."""
        return False


def putting_for(model: str) -> Putting:
    """How questions are put to a model of this name, by default."""
    return OpenPutting() if "pocket" in model.casefold() else PlainPutting()
