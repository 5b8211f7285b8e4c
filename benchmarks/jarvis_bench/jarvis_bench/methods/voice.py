"""How a model is asked, and how what it says is put into the form that was asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, Protocol

from ..item import LETTERS
from ..method import Query
from ..reading import holds_phrase
from .timeline import concluded, pictured

__all__ = ["PlainVoice", "PocketVoice", "Voice", "voice_of"]

_VERDICT: Final = re.compile(r"\bIt is ([^.:;]+)")
_HERE: Final = re.compile(r"\bis (not )?here\W*\Z", re.IGNORECASE)
_YES: Final = re.compile(r"(?:\A|(?<=[.!?] ))([^.:]+): yes(?!\w)(?!, the same)")


class Voice(Protocol):
    """The words between a benchmark and a model; all methods with one model have the same."""

    name: Literal["plain", "pocket"]
    together: bool
    """Whether the model is shown all frames of a video at once."""

    def asked(self, query: Query) -> str:
        """What the model is asked."""
        ...

    def told(self, query: Query, said: str) -> str:
        """The answer, from what the model said; it knows no more than the query and these words."""
        ...

    def summed(self, query: Query, moments: Sequence[tuple[float, str]]) -> str:
        """The answer to a query about a video, from the time of each frame in seconds and what `told` said of
        it.
        """
        ...


class PlainVoice:
    """The prompt as it stands, and the answer as it came: for models that follow instructions."""

    name: Literal["plain", "pocket"] = "plain"
    together = True

    def asked(self, query: Query) -> str:
        """Question, options and how to answer."""
        return query.prompt

    def told(self, query: Query, said: str) -> str:
        """What was said."""
        return said

    def summed(self, query: Query, moments: Sequence[tuple[float, str]]) -> str:
        """A line for each frame; not used, since it sees all frames at once."""
        return "\n".join(f"{at:.1f} s: {said}" for at, said in moments)


class PocketVoice:
    """For Pocket's model, which answers in sentences of its own and has never seen a letter of an option.

    It is asked the question alone, and gives its verdict last (``It is Bo.``, ``Bo is not here.``): what
    comes before is how it got there. Of options that is chosen whose text its verdict holds, if it is
    exactly one; else its words are given as they are, and cannot be read as a letter.
    """

    name: Literal["plain", "pocket"] = "pocket"
    together = False

    def asked(self, query: Query) -> str:
        """The question alone; of a video, the one about a picture that helps to answer it."""
        return pictured(query.question) if query.task == "video" else query.question

    def summed(self, query: Query, moments: Sequence[tuple[float, str]]) -> str:
        """The rule for its question (`jarvis_bench.methods.timeline`), in the form that was asked for."""
        return self._formed(query, concluded(query.question, moments))

    def told(self, query: Query, said: str) -> str:
        """The verdict, in the form that was asked for."""
        if query.task == "video":
            here = _HERE.search(said)
            return _verdict(said) if here is None else "No" if here[1] else "Yes"
        if query.form == "yes_no":
            here = _HERE.search(said)
            return said if here is None else "No" if here[1] else "Yes"
        return self._formed(query, _verdict(said))

    @staticmethod
    def _formed(query: Query, verdict: str) -> str:
        if query.form != "choice":
            return verdict
        held = [place for place, text in enumerate(query.options) if holds_phrase(verdict, text)]
        return LETTERS[held[0]] if len(held) == 1 else verdict


def _verdict(said: str) -> str:
    """The part of an answer that says what it comes to; all of it where no part does."""
    named = _VERDICT.findall(said)
    if named:
        return ", ".join(named)
    # "Bo likes plums: yes. Mimi likes nuts: no." is said of who of two it is.
    agreed = [part.split()[0] for part in _YES.findall(said)]
    return ", ".join(agreed) if agreed else said


def voice_of(model: str) -> Voice:
    """The voice of a model, by its name."""
    return PocketVoice() if model == "pocket" else PlainVoice()
