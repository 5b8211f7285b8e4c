"""How a model is asked, and how what it says is put into the form that was asked for."""

from __future__ import annotations

import re
from typing import Final, Literal, Protocol

from ..item import LETTERS
from ..method import Query
from ..reading import holds_phrase

__all__ = ["PlainVoice", "PocketVoice", "Voice", "voice_of"]

_VERDICT: Final = re.compile(r"\bIt is ([^.:;]+)")
_HERE: Final = re.compile(r"\bis (not )?here\W*\Z", re.IGNORECASE)
_YES: Final = re.compile(r"(?:\A|(?<=[.!?] ))([^.:]+): yes(?!\w)(?!, the same)")


class Voice(Protocol):
    """The words between a benchmark and a model; all methods with one model have the same."""

    name: Literal["plain", "pocket"]

    def asked(self, query: Query) -> str:
        """What the model is asked."""
        ...

    def told(self, query: Query, said: str) -> str:
        """The answer, from what the model said; it knows no more than the query and these words."""
        ...


class PlainVoice:
    """The prompt as it stands, and the answer as it came: for models that follow instructions."""

    name: Literal["plain", "pocket"] = "plain"

    def asked(self, query: Query) -> str:
        """Question, options and how to answer."""
        return query.prompt

    def told(self, query: Query, said: str) -> str:
        """What was said."""
        return said


class PocketVoice:
    """For Pocket's model, which answers in sentences of its own and has never seen a letter of an option.

    It is asked the question alone, and gives its verdict last (``It is Bo.``, ``Bo is not here.``): what
    comes before is how it got there. Of options that is chosen whose text its verdict holds, if it is
    exactly one; else its words are given as they are, and cannot be read as a letter.
    """

    name: Literal["plain", "pocket"] = "pocket"

    def asked(self, query: Query) -> str:
        """The question alone."""
        return query.question

    def told(self, query: Query, said: str) -> str:
        """The verdict, in the form that was asked for."""
        if query.form == "yes_no":
            here = _HERE.search(said)
            return said if here is None else "No" if here[1] else "Yes"
        verdict = _verdict(said)
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
