"""Whom a question means without naming them: somebody of the turns before, or somebody whom a note names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from jarvis_retrievers.names import match_names
from jarvis_retrievers.stopwords import FUNCTION

__all__ = ["earlier", "points_back", "told_of"]

Names = Mapping[str, Sequence[str]]
"""For each concept's key its name and aliases."""

_EXACT: Final = 101.0
_BACK: Final = frozenset(
    {*("he", "him", "his", "she", "her", "hers", "it", "its"), *("they", "them", "their", "theirs", "both")}
)
_KIN: Final = frozenset(
    {
        *("friend", "mate", "partner", "neighbour", "neighbor", "brother", "sister", "sibling", "twin"),
        *("mother", "father", "parent", "son", "daughter", "child", "husband", "wife", "family"),
    }
)


def points_back(question: str) -> bool:
    """Whether a question has a word such as "it" or "her", which may stand for a name said before."""
    return not _BACK.isdisjoint(_words(question))


def earlier(history: Sequence[tuple[str, str]], names: Names) -> tuple[str, ...]:
    """The keys of those who are named in the last turn that names anybody, in the order of their names."""
    for asked, answered in reversed(history):
        matches = match_names(f"{asked}\n{answered}", names, _EXACT)
        if matches:
            return tuple(dict.fromkeys(match.key for match in matches))
    return ()


def told_of(question: str, key: str, told: str, names: Names) -> tuple[str, ...]:
    """The keys of others whom the notes of a concept name, where the question asks for such a tie.

    A sentence counts if it shares a telling word with the question ("Who shares a *bowl* with Bo?", "Bo
    shares a *bowl* with Mimi."), or if the question speaks of a friend or of kin.

    Args:
        question: what is asked.
        key: whose notes.
        told: the notes, a sentence on each line or behind a full stop.
        names: of all concepts.
    """
    others = {other: own for other, own in names.items() if other != key}
    own = {word for name in names.get(key, ()) for word in _words(name)}
    asked = _telling(question) - own
    kin = not _KIN.isdisjoint(asked | {word.removesuffix("s") for word in asked})
    found: dict[str, None] = {}
    for sentence in re.split(r"(?<=[.!?])\s+|\n", told):
        matches = match_names(sentence, others, _EXACT)
        if matches and (kin or not asked.isdisjoint(_telling(sentence))):
            found.update(dict.fromkeys(match.key for match in matches))
    return tuple(found)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _telling(text: str) -> set[str]:
    """Words that say something, without the endings of English verbs and nouns."""
    words = _words(text) - FUNCTION
    return {re.sub(r"(ing|ed|es|s)$", "", word) if len(word) > 4 else word for word in words}
