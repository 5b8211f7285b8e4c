"""What a user tells, as against asks: sentences about a concept, and words that mark them as corrections."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jarvis_memory.profile import build_profile, split_sentences

from .known import Known
from .naming import named
from .properties import property_of, stated

__all__ = ["Statement", "asks", "corrects", "split_clauses", "statements"]

_MARK = re.compile(
    r"^(?:(?:no|nope|wrong|actually|correction|not quite|sorry|well|but|hm+|"
    r"(?:please )?(?:remember|note)(?: that)?|"
    r"(?:that|this)(?:'s| is)(?: wrong| not (?:right|true|correct)| false))\b[,.:;!]*\s*)+",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"^(?:no|nope|wrong|actually|correction|not quite|(?:that|this)(?:'s| is))\b", re.IGNORECASE
)
_ASKS = re.compile(
    r"^(?:who|what|which|where|when|why|how|does|do|did|is|are|was|were|can|could|has|have|will|tell|show|list|"
    r"name|describe|compare|count|and|or|please|of|among)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"(?:, (?:and |but )?| and | but |(?<=\d) )not (?:on |in |at |to )?"
    r"(?:the |a |an )?(?P<old>[^,.!]+?)(?: any ?more)?[.!]*$",
    re.I,
)
_NOW = re.compile(r"\b(?: now| already| these days| any ?more)\b", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:does not|doesn't|do not|don't|is not|isn't|was not|wasn't|never|no longer)\b", re.I
)
_BE = re.compile(r"(?:is|was)(?=n't| not)", re.I)
_CLAUSE = re.compile(
    r",? and (?:(?:she|he|it|they) )?(?=(?:likes|loves|sleeps|naps|wears|belongs|was born|is \w+ years|"
    r"turned|shares|has|lives|weighs)\b)"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence about one concept.

    Attributes:
        name: whom it is about.
        sentence: as it would stand in the profile.
        key, value: the property, "" if no table knows it.
        old: what it is not any more, if the user says so.
        strong: it is marked as a correction.
        denied: it says what is not so.
    """

    name: str
    sentence: str
    key: str = ""
    value: str = ""
    old: str = ""
    strong: bool = False
    denied: bool = False


def asks(text: str) -> bool:
    """Whether a text begins as a question does, or a wish to be told."""
    return text.rstrip().endswith("?") or _ASKS.match(text) is not None


def corrects(text: str) -> tuple[str, bool]:
    """A text without the words before it that mark a correction, and whether there were such."""
    return _MARK.sub("", text.strip(), count=1), _STRONG.match(text.strip()) is not None


def split_clauses(text: str, subject: str) -> str:
    """ "She likes noodles and sleeps on the rug" as two, for models that read one fact at a time."""
    return _CLAUSE.sub(f". {subject} ", text)


def statements(text: str, known: Known, *, strong: bool) -> list[Statement]:
    """The statements of a text with names; empty if any sentence is none, or about nobody known.

    Args:
        text: with names in place of pronouns.
        known: the concepts.
        strong: it is marked as a correction.
    """
    found = []
    if text.rstrip().endswith("?"):
        return []
    for marked in split_sentences(text):
        sentence, more = corrects(marked)
        strong = strong or more
        if _ASKS.match(sentence):
            return []
        places = [place for place in named(sentence, known) if not place.doubtful]
        if not places or places[0].start != 0 or len(places[0].names) != 1:
            return []
        name = places[0].names[0]
        for clause in split_sentences(split_clauses(sentence, name)):
            one = _statement(name, clause, known, strong)
            if one is None:
                return []
            found.append(one)
    return found


def _statement(name: str, sentence: str, known: Known, strong: bool) -> Statement | None:
    end = next((place.end for place in named(sentence, known) if place.start == 0), len(name))
    rest = sentence[end:].strip()
    if not rest or not re.match(r"'s |[a-z]", rest):
        return None
    gone = _NOT.search(rest)
    denied = gone is None and _DENIES.search(rest) is not None
    plain = _NOT.sub("", rest) if gone else rest
    changed = _NOW.search(plain) is not None and not denied
    plain = _NOW.sub("", plain).strip(" .!")
    told = stated(_affirmed(plain) if denied else plain)
    if len(plain.split()) < 2:
        return None
    if not told and not re.match(r"(?:'s |is |was |has |can |[a-z]+s\b)", plain):
        return None
    gap = "" if plain.startswith("'s") else " "
    whole = f"{name}{gap}{plain}."
    if told and told[0].key == "age" and not denied:
        known_way = property_of("age")
        whole = known_way.sentence.format(n=name, v=told[1]) if known_way else whole
    (fact,) = build_profile(name, [whole]).facts or (whole,)
    key, value = (told[0].key, told[1]) if told else ("", "")
    old = gone["old"] if gone else ""
    return Statement(name, fact, key, value, old, strong or bool(gone) or changed, denied)


def _affirmed(denied: str) -> str:
    """What a sentence denies, as it would be stated: "is not 7" as "is 7", "does not like" as "like"."""

    def be(match: re.Match[str]) -> str:
        found = _BE.match(match[0])
        return found[0] if found else ""

    return " ".join(_NOW.sub("", _DENIES.sub(be, denied)).split())
