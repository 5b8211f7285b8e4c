"""Rules that read plain answers: is it there, where, and what is described."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .report import PLACES, Place

__all__ = ["Figure", "figures", "matches", "mirrored", "phrase", "place_in", "verdict"]

_YES: Final = re.compile(r"\A\W*(yes|yeah|yep|true)\b", re.IGNORECASE)
_NO: Final = re.compile(r"\A\W*(no|nope|not|false)\b", re.IGNORECASE)
_AWAY: Final = r"(?:is not|isn't|are not|cannot see|can't see|do not see|don't see|is absent|is nowhere)"
_HERE: Final = r"(?:is (?:here|there|present|visible|seen|in the picture|in the photo|(?:on|to) the|in the))"
_DENIED: Final = r"(?:\b(?:no|not|never|doubt|unlikely)\b|n't\b)"
_WHERE: Final = re.compile(r"\b(left|middle|centre|center|right)\b", re.IGNORECASE)
# A clause that says of a figure that it is the one: "on the left a red mug, yes".
_CLAUSES: Final = re.compile(r";|(?<=[.!?])\s+")
_FIGURE: Final = re.compile(r"\b[Aa]n? ([^.,;:]+)")
_ARTICLE: Final = re.compile(r"\A(?:an?|the)\s+", re.IGNORECASE)
_MIDDLE: Final = frozenset({"centre", "center"})


@dataclass(frozen=True, slots=True)
class Figure:
    """What is described at one place: ``("grey turtle", "green scarf")``; None where no place is told."""

    phrases: tuple[str, ...]
    place: Place | None


def verdict(said: str, name: str) -> bool | None:
    """Whether an answer says that the concept is there; None if it says neither, or both.

    A sentence about the name decides; else the yes or no that the answer begins with.
    """
    who = re.escape(" ".join(name.split()))
    text = " ".join(said.split())
    here = rf"(?<!\w){who} {_HERE}\b"
    there = re.search(here, text, re.IGNORECASE) is not None
    gone = rf"(?<!\w){who} {_AWAY}\b|{_AWAY} {who}(?!\w)|{_DENIED}[^.;!?]*{here}"
    away = re.search(gone, text, re.IGNORECASE) is not None
    if there or away:
        return None if there and away else there
    if _YES.search(text):
        return True
    return False if _NO.search(text) else None


def place_in(said: str, name: str) -> Place | None:
    """Where the concept is said to be: in the clause that ends with a yes, else in one that names it.

    None if no clause tells one place.
    """
    clauses = [clause.strip() for clause in _CLAUSES.split(" ".join(said.split()))]
    agreed = [clause for clause in clauses if re.search(r"\byes\W*\Z", clause, re.IGNORECASE)]
    named = [c for c in clauses if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", c, re.IGNORECASE)]
    for some in (agreed, named):
        found = {place for clause in some for place in _places(clause)}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def mirrored(place: Place | None) -> Place | None:
    """The same place in the mirrored picture."""
    return None if place is None else PLACES[2 - PLACES.index(place)]


def figures(said: str) -> list[Figure]:
    """Figures of a description of the form "on the left a grey mug with a blue bow and a red star"."""
    found = []
    for clause in _CLAUSES.split(" ".join(said.split())):
        shape = _FIGURE.search(clause)
        if shape is None or " with " not in shape[1]:
            continue
        parts = [phrase(part) for part in re.split(r" with | and ", shape[1])]
        at = _places(clause[: shape.start()])
        found.append(Figure(tuple(part for part in parts if part), at[0] if len(at) == 1 else None))
    return found


def matches(figure: Figure, phrases: Sequence[str]) -> bool:
    """Whether everything that is described is remembered; what is hidden in the picture is not described."""
    known = {phrase(one) for one in phrases}
    return len(figure.phrases) > 1 and all(part in known for part in figure.phrases)


def phrase(words: str) -> str:
    """Words in small letters without article and marks around them."""
    return _ARTICLE.sub("", " ".join(words.casefold().split()).strip(" .,;:!?"))


def _places(text: str) -> list[Place]:
    words = {match[1].casefold() for match in _WHERE.finditer(text)}
    return [place for place in PLACES if place in words or (place == "middle" and words & _MIDDLE)]
