"""A witness for any model that follows instructions: a profiler names parts, short questions ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from jarvis_memory.profiling.jsons import JsonProfiler
from jarvis_memory.profiling.profiler import Profiler, Subject
from jarvis_memory.vlm import VLM

from ..reading import plain_text
from .onlooker import Ask, Onlooker

__all__ = ["PlainWitness"]

_QUESTION: Final = "What is the {part} of {name} like?"
_HOW: Final = "Answer in at most five words. If it cannot be seen, answer: not visible."
_MOST_PARTS: Final = 8
_MOST_WORDS, _MOST_LETTERS = 6, 60
_NOTHING: Final = frozenset(
    (
        "",
        "none",
        "nothing",
        "no",
        "unknown",
        "not visible",
        "not seen",
        "cannot be seen",
        "not sure",
        "unclear",
    )
)


class PlainWitness:
    """Asks "What is the left ear of Bo like?" about each part that a profiler names.

    Args:
        vlm: who is asked.
        profiler: who names the parts; by default the same model, which writes JSON. Another one, such as a
            ``ChatProfiler``, makes two models agree.
    """

    name = "plain"

    def __init__(self, vlm: VLM, profiler: Profiler | None = None) -> None:
        self._profiler = profiler or JsonProfiler(vlm)
        self._onlooker = Onlooker(vlm, 24)

    def parts(self, subject: Subject) -> Mapping[str, tuple[str, ...]]:
        """The parts of the attributes of its description, less what lasts no longer than a photo.

        Raises:
            ProfileError: the model's answer is no description.
        """
        attributes = self._profiler.describe(subject).lasting().attributes
        parts = dict.fromkeys(" ".join(one.partition(":")[0].split()) for one in attributes)
        asked = [part for part in parts if part][:_MOST_PARTS]
        return {part: (_QUESTION.replace("{part}", part).replace("{name}", subject.name),) for part in asked}

    def prompt(self, question: str) -> str:
        """The question, and in which form it is to be answered."""
        return f"{question} {_HOW}"

    def say(self, asks: Sequence[Ask]) -> list[str]:
        """Greedy answers, each with its subject's patches before it."""
        return self._onlooker.say(asks)

    def read(self, part: str, name: str, said: str) -> str | None:
        """The answer in plain words; None if it is no few words, or says that nothing is to be seen."""
        words = plain_text(said)
        short = len(said) <= _MOST_LETTERS and len(words.split()) <= _MOST_WORDS
        return words if short and words not in _NOTHING and "not visible" not in words else None
