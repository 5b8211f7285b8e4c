"""Whether words speak of kinds of concepts, such as "my dogs" or "the red mug"."""

from __future__ import annotations

import re

from .known import singular
from .words import BROADER, THINGS

__all__ = ["speaks_of_kinds"]

_NOT = frozenset(
    [
        "picture",
        "photo",
        "image",
        "left",
        "right",
        "middle",
        "center",
        "centre",
        "other",
        "one",
        "friend",
        "emblem",
        "badge",
        "sign",
        "bowl",
        "keeper",
        "owner",
        "age",
        "food",
        "place",
        "birthday",
        "same",
        "month",
        "year",
        "day",
        "oldest",
        "youngest",
    ]
)
_KINDS = frozenset(BROADER) | frozenset().union(*BROADER.values()) | THINGS
_PHRASE = re.compile(
    r"\b(?:my|our|the|which|what|many|any|that) (?P<words>[a-z]+(?: [a-z]+){0,3})", re.IGNORECASE
)


def speaks_of_kinds(question: str) -> bool:
    """Whether a question has the word of a kind, or words with "the" or "my" that may be one."""
    for match in _PHRASE.finditer(question):
        words = [singular(word) for word in match["words"].lower().split()]
        if any(word in _KINDS for word in words) or (words and not _NOT.intersection(words)):
            return True
    return any(singular(word) in _KINDS for word in re.findall(r"[a-z]+", question.lower()))
