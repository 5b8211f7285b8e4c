"""Names in a text: whose they are, which are misspelt, and which nobody has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jarvis_retrievers.names import match_names
from jarvis_retrievers.stopwords import COMMON, FUNCTION

from .known import Known
from .words import MONTHS

__all__ = ["Place", "among", "named", "strangers"]

# One wrong letter of four.
_NEAR = 75.0
_SHORTEST = 3
_PLAIN = FUNCTION | COMMON
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DATES = frozenset({*MONTHS, *_DAYS})
# Words that start a sentence with a capital and are no names.
_STARTS = frozenset(
    [
        "tell",
        "name",
        "count",
        "list",
        "please",
        "hi",
        "hello",
        "thanks",
        "remember",
        "forget",
        "actually",
        "okay",
        "compare",
        "show",
    ]
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text names somebody, and who that may be; ``doubtful``: only a likeness of letters."""

    start: int
    end: int
    names: tuple[str, ...]
    doubtful: bool = False


def named(text: str, known: Known) -> list[Place]:
    """The places of names in a text, in order; a misspelt one comes with all that it is near to."""
    found: dict[tuple[int, int], list[str]] = {}
    for match in match_names(text, known.spellings, 101.0):
        found.setdefault((match.start, match.end), []).append(match.key)
    places = [Place(*span, tuple(dict.fromkeys(names))) for span, names in found.items()]
    for start, end, word in _capitalised(text):
        if not any(start < place.end and place.start < end for place in places):
            near = _near(word, known)
            if near:
                places.append(Place(start, end, near, True))
    return sorted(places, key=lambda place: place.start)


def strangers(text: str, known: Known) -> tuple[str, ...]:
    """Words of a text that look like names, and are nobody's."""
    places = named(text, known)
    return tuple(
        word
        for start, end, word in _capitalised(text)
        if not any(start < place.end and place.start < end for place in places)
    )


def among(text: str, names: Sequence[str], unknown: Sequence[str]) -> tuple[str, ...]:
    """Names with those of strangers that stand in one list with them, or are compared: "Bo and Lenu"."""
    one = "|".join(re.escape(name) for name in (*names, *unknown))
    if not names or not unknown:
        return tuple(names)
    between = r"(?:,? and | or |, or |, | (?:\w+ ){0,2}than )"
    run = {
        name
        for match in re.finditer(rf"\b(?:{one})(?:{between}(?:{one}))+\b", text)
        for name in unknown
        if re.search(rf"\b{re.escape(name)}\b", match[0])
    }
    there = [name for name in (*names, *unknown) if name in names or name in run]
    return tuple(sorted(there, key=lambda name: text.find(name)))


def _near(word: str, known: Known) -> tuple[str, ...]:
    from rapidfuzz import fuzz

    if len(word) < _SHORTEST:
        return ()
    scores = {
        name: max(fuzz.ratio(word.casefold(), one.casefold()) for one in spellings)
        for name, spellings in known.spellings.items()
    }
    best = max(scores.values(), default=0.0)
    return tuple(name for name, score in scores.items() if score >= max(_NEAR, best - 10.0))


def _capitalised(text: str) -> list[tuple[int, int, str]]:
    """Words with a capital that may be names: no common word, no date, none that merely starts."""
    found = []
    for match in re.finditer(r"[^\W\d_]+", text):
        word = match[0]
        plain = word.casefold()
        if word[0].isupper() and len(word) > 1 and plain not in _PLAIN | _DATES | _STARTS:
            found.append((match.start(), match.end(), word))
    return found
