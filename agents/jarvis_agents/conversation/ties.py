"""Words for somebody by a tie to another: "the friend of Bo", "the one who shares a bowl with Bo"."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["asks_for_tie", "tie_in", "without_ties"]

_KIN = (
    "friend|mate|partner|neighbou?r|brother|sister|sibling|twin|mother|father|parent|son|daughter|child|"
    "husband|wife"
)
_TIE = re.compile(rf"\b(?:{_KIN})s?\b|\bfamily\b|\bshares?\b", re.IGNORECASE)


def asks_for_tie(text: str) -> bool:
    """Whether a question, or a note, is about somebody's tie to another."""
    return _TIE.search(text) is not None


def tie_in(question: str, names: Sequence[str]) -> re.Match[str] | None:
    """The innermost words for somebody by a tie to one of these names (group ``a`` or ``b``)."""
    one = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    if not one:
        return None
    return re.search(
        rf"\bthe (?:(?:{_KIN}) of|one (?:who|that) shares (?:a|the) \w+ with) (?P<a>{one})\b"
        rf"|\b(?P<b>{one})'s (?:{_KIN})\b",
        question,
        re.IGNORECASE,
    )


def without_ties(text: str) -> str:
    """A text without its words for ties; "the friend of Bo" says nothing of what anybody is."""
    return re.sub(rf"\bthe (?:{_KIN})s? of\b|'s (?:{_KIN})s?\b", " ", text, flags=re.IGNORECASE)
