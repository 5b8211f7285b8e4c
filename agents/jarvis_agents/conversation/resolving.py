"""Who is meant: names, pronouns and groups of a question become names, or are found to be unclear."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .discussed import Discussed
from .known import Known, listed
from .naming import Place, named, strangers
from .phrases import phrases
from .pointing import placed

__all__ = ["Resolved", "Unclear", "put", "resolve"]

_OTHER = re.compile(r"\bthe other (?:one|two|[a-z]+)\b|\bthe other\b", re.IGNORECASE)
_EVERY = re.compile(r"\b(?:everybody|everyone|all of them|them all)\b(?! in )", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?:he|she|it|him|hers|her|his|its|they|them|theirs|their|both(?: of them)?|the two)\b", re.IGNORECASE
)
_CLAUSE = re.compile(r"\band (?:what|where|when|how|who|which|does|is)\b", re.IGNORECASE)
# Of more the user is not asked to choose one.
_MOST_ASKED = 8
_OWN = frozenset({"his", "her", "its", "their", "hers", "theirs"})
_MANY = frozenset({"they", "them", "their", "theirs", "both", "both of them", "the two"})
# Behind these "her" is somebody, not somebody's.
_NO_NOUN = frozenset(
    [
        "and",
        "or",
        "but",
        "in",
        "on",
        "at",
        "with",
        "here",
        "there",
        "than",
        "now",
        "too",
        "like",
        "to",
        "for",
        "is",
        "was",
    ]
)


@dataclass(frozen=True, slots=True)
class Unclear:
    """Words of a question that may mean several: the question so far, where they stand, and whom."""

    question: str
    start: int
    end: int
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A question with names: whom it is about in order, names that nobody has, whether a group is meant."""

    question: str
    subjects: tuple[str, ...]
    strangers: tuple[str, ...] = ()
    group: bool = False


def resolve(
    question: str, known: Known, before: Discussed, *, shown: bool = False, excluded: Sequence[str] = ()
) -> Resolved | Unclear:
    """Put names in place of all that stands for one.

    Args:
        question: as the user wrote it.
        known: the concepts.
        before: who was spoken of.
        shown: a picture goes with it; then "it" may be that.
        excluded: names that were ruled out.
    """
    group = False
    for _ in range(16):  # one unclear or replaced place at a time; each makes the text plainer
        places = named(question, known)
        for place in places:
            if len(place.names) > 1 or place.doubtful:
                return Unclear(question, place.start, place.end, place.names)
            if question[place.start : place.end].casefold() not in _spellings(known, place.names[0]):
                question = _replaced(question, place, place.names[0])
                break
        else:
            found = _next(question, known, before, places, shown, excluded)
            if found is None:
                subjects = dict.fromkeys(place.names[0] for place in places)
                return Resolved(question, tuple(subjects), strangers(question, known), group)
            if isinstance(found, Unclear):
                return found
            place, text, many = found
            group = group or many
            question = _replaced(question, place, text)
    return Resolved(question, tuple(dict.fromkeys(p.names[0] for p in named(question, known))), (), group)


Found = tuple[Place, str, bool]


def _next(
    question: str,
    known: Known,
    before: Discussed,
    places: Sequence[Place],
    shown: bool,
    excluded: Sequence[str],
) -> Found | Unclear | None:
    """The next words that stand for somebody, with what is put there, and whether that is a group."""
    there = [place.names[0] for place in places]
    match = _EVERY.search(question)
    if match and known.names:
        return Place(match.start(), match.end(), ()), listed(known.names), True
    # Who stands there is found in the picture.
    aside = placed(question) if shown else None
    if aside is not None:
        places = [*places, Place(aside.start, aside.end, ())]
    match = _OTHER.search(question)
    if match and not _in_name(match.start(), places):
        return _put(question, match, before.other(), False)
    among = [name for name in known.names if name not in excluded]
    for phrase in phrases(question, known, among):
        if _in_name(phrase.start, places):
            continue
        place = Place(phrase.start, phrase.end, ())
        if phrase.many:
            return place, f"{phrase.before}{listed(phrase.names)}", True
        if len(phrase.names) > 1:
            return Unclear(question, phrase.start, phrase.end, phrase.names)
        return place, phrase.names[0], False
    for match in _PRONOUN.finditer(question):
        word = match[0].lower()
        if _in_name(match.start(), places) or (word == "it" and _no_concept(question, shown)):
            continue
        if word in {"his", "its", "her", "their"} and any(p.end <= match.start() for p in places):
            continue  # "Does Bo wear his hat?" speaks of Bo
        if word in _MANY:
            found = before.several()
            if found:
                return (
                    Place(match.start(), match.end(), ()),
                    _owned(question, *match.span(), listed(found)),
                    False,
                )
        else:
            own = [
                p.names[0]
                for p in places
                if p.names and p.end <= match.start() and _CLAUSE.search(question[p.end : match.start()])
            ]
            if own:  # "What does Bo like, and where does he sleep?"
                return _put(question, match, (own[-1],), True)
            found = tuple(name for name in before.one() if name not in there and name not in excluded)
            if found:
                return _put(question, match, found, True)
        if word != "it" and not there and not shown and 0 < len(among) <= _MOST_ASKED:
            return Unclear(question, *match.span(), tuple(among))
    return None


def _put(question: str, match: re.Match[str], found: tuple[str, ...], owned: bool) -> Found | Unclear | None:
    if not found:
        return None
    if len(found) > 1:
        return Unclear(question, match.start(), match.end(), found)
    return (
        Place(match.start(), match.end(), ()),
        _owned(question, *match.span(), found[0]) if owned else found[0],
        False,
    )


def put(question: str, start: int, end: int, name: str) -> str:
    """A question with a name in place of some of its words; "her age" becomes "Mimi's age"."""
    return f"{question[:start]}{_owned(question, start, end, name)}{question[end:]}"


def _owned(question: str, start: int, end: int, name: str) -> str:
    word = question[start:end].lower()
    behind = re.match(r"\s+([a-z]+)", question[end:], re.IGNORECASE)
    if word not in _OWN or (word == "her" and (behind is None or behind[1].lower() in _NO_NOUN)):
        return name
    return f"{name}'s"


def _no_concept(question: str, shown: bool) -> bool:
    """Whether "it" is the picture, or nothing at all."""
    return bool(
        (shown and re.search(r"\b(?:who|what) (?:is|was) it\b|\b(?:in|on) it\b", question, re.IGNORECASE))
        or re.search(r"\bis it (?:raining|true|time|possible)\b", question, re.IGNORECASE)
    )


def _in_name(start: int, places: Sequence[Place]) -> bool:
    return any(place.start <= start < place.end for place in places)


def _replaced(question: str, place: Place, text: str) -> str:
    return f"{question[: place.start]}{text}{question[place.end :]}"


def _spellings(known: Known, name: str) -> set[str]:
    return {spelling.casefold() for spelling in known.spellings[name][:1]}
