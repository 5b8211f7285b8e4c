"""Words that point at somebody in a picture: "the one on the left", "this dog"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .known import Known, singular
from .phrases import is_kind
from .properties import asked_property

__all__ = ["Pointed", "from_notes", "placed", "placed_reply", "this_one"]

_SIDE = r"(?P<{0}>left|right|middle|cent(?:er|re))"
_IN = r"(?: (?:of|in|on) (?:the|this|that) (?:picture|photo|image))"
_PLACED = re.compile(
    r"\b(?:the|that|this) (?:"
    r"(?P<what>(?:[a-z]+ ){1,3}?)(?:(?:who|that|which) is )?(?:standing |sitting |lying )?"
    rf"(?:on|at|to|in) the (?:far )?{_SIDE.format('a')}(?:[- ]hand)?(?: side)?"
    rf"|(?:far )?{_SIDE.format('b')}(?:[- ]hand)? (?P<noun>[a-z]+)"
    rf")\b{_IN}?",
    re.IGNORECASE,
)
_THIS = re.compile(r"\b(?P<which>this|that|the)\b", re.IGNORECASE)
_WORD = re.compile(r" ([a-z]+)\b")
_LONGEST = 4
# Asks who that is, and not what is known of whoever that is.
_WHO = re.compile(
    r"(?:and |so )?(?:who\b|what is (?:this|that)\b|what is the name\b|name\b|is\b)", re.IGNORECASE
)
_ABOUT = re.compile(r"\b(?:tell|know|say)\b.*\b(?:about|of)\b", re.IGNORECASE)
_VISIBLE = frozenset({"look", "worn", "emblem"})


@dataclass(frozen=True, slots=True)
class Pointed:
    """Words that point at somebody in a picture.

    Attributes:
        start, end: where they stand.
        noun: in the singular; "one" is anybody.
        described: the words before it.
        where: "on the left", as it is asked; "" for "this dog".
    """

    start: int
    end: int
    noun: str
    described: tuple[str, ...] = ()
    where: str = ""


def from_notes(question: str) -> bool:
    """Whether notes tell what is asked, and no picture does."""
    asked = asked_property(question)
    return asked.key not in _VISIBLE if asked is not None else _ABOUT.search(question) is not None


def placed(question: str) -> Pointed | None:
    """The first words such as "the one on the left" in a question that notes answer."""
    return _placed(question) if from_notes(question) else None


def placed_reply(text: str) -> str:
    """A reply that is nothing but such words; "" if it is another."""
    found = _placed(text)
    if found is None or re.sub(r"\W|\bi mean\b|\bplease\b", "", text[: found.start] + text[found.end :]):
        return ""
    return text[found.start].lower() + text[found.start + 1 : found.end]


def this_one(question: str, known: Known) -> Pointed | None:
    """The first words such as "this dog" or "the dog in the picture"; None if the question is who that is."""
    if _WHO.match(question) and not from_notes(question):
        return None
    for match in _THIS.finditer(question):
        words: list[str] = []
        at = match.end()
        while len(words) < _LONGEST and (more := _WORD.match(question, at)):
            words.append(more[1])
            at = more.end()
            if words[-1] != "one" and (singular(more[1]) != more[1] or not is_kind(more[1], known)):
                continue
            inside = re.match(_IN, question[at:], re.IGNORECASE)
            if inside or match["which"].lower() != "the":
                end = at + (inside.end() if inside else 0)
                return Pointed(match.start(), end, words[-1], tuple(words[:-1]))
    return None


def _placed(text: str) -> Pointed | None:
    for match in _PLACED.finditer(text):
        words = (match["what"] or match["noun"]).lower().split()
        side = (match["a"] or match["b"]).lower()
        if words[-1] == "one" or is_kind(words[-1]):
            where = f"on the {side}" if side in {"left", "right"} else "in the middle"
            return Pointed(match.start(), match.end(), words[-1], tuple(words[:-1]), where)
    return None
