"""Words that stand for concepts by what they are: "my dogs", "all my mugs", "the red one", "the dog"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .known import Known, singular
from .words import BROADER, EVERYBODY, LESS, MORE, NUMBERS, ORDINALS, THINGS

__all__ = ["Phrase", "absent_kind", "is_kind", "phrases", "speaks_of_kinds", "undescribed"]

_START = re.compile(
    r"\b(?:(?P<all>all(?: of)?|any of|each of|both(?: of)?|every one of|some of) )?"
    r"(?P<whose>my|our|the|that)\b"
    r"|\b(?P<ask>which|how many|what)\b(?! (?:of|is|are|does|do|did|was)\b)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\s+([^\W\d_]+)")
_LONGEST = 4
_KINDS = frozenset(BROADER) | frozenset().union(*BROADER.values()) | THINGS
# What "the" and "my" often stand before, and is no concept.
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
        "first",
        "last",
        "second",
    ]
)
# Words before a noun that tell one of several, and no look.
_NO_LOOK = _NOT | MORE.keys() | LESS.keys() | ORDINALS.keys() | NUMBERS.keys()


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words for one or several concepts.

    Attributes:
        start, end: where they stand.
        names: whom they fit.
        many: all of them are meant.
        before: what stays of the words, "which of " say.
    """

    start: int
    end: int
    names: tuple[str, ...]
    many: bool
    before: str = ""


def phrases(text: str, known: Known, among: Sequence[str] | None = None) -> Iterator[Phrase]:
    """The phrases of a text that fit somebody; ``among``: names that count, all by default."""
    for start, end, before, many, words in _runs(text):
        noun, described = singular(words[-1]), words[:-1]
        if noun == "one" and (not described or "other" in described):
            continue
        fit = (
            tuple(name for name in known.names if set(described) <= known.words(name) | known.kinds(name))
            if noun == "one"
            else known.group(noun, described)
        )
        found = tuple(name for name in fit if among is None or name in among)
        if found:
            yield Phrase(start, end, found, many or noun != words[-1] or noun in EVERYBODY, before)


def absent_kind(text: str, known: Known) -> str:
    """The noun of a kind that a text speaks of as the owner's and that nobody is; "" without such."""
    for _, _, before, _, words in _runs(text):
        noun = singular(words[-1])
        if noun in _KINDS and not known.group(noun, words[:-1]) and (before or _owned(text)):
            return " ".join([*words[:-1], noun])
    return ""


def is_kind(noun: str, known: Known | None = None) -> bool:
    """Whether a noun, in the singular, says what a concept may be, or what one of those known is."""
    return noun in _KINDS or (known is not None and any(noun in known.kinds(name) for name in known.names))


def speaks_of_kinds(text: str) -> bool:
    """Whether a text has the word of a kind, or words that may be one."""
    if any(is_kind(singular(word)) for word in re.findall(r"[^\W\d_]+", text.lower())):
        return True
    return any(not _NOT.intersection(words) for *_, words in _runs(text))


def undescribed(text: str, known: Known) -> tuple[str, ...]:
    """Those whom the noun of a description fits ("my red dog"), if nobody is known to look like that."""
    for _, _, _, _, words in _runs(text):
        noun, described = singular(words[-1]), frozenset(words[:-1])
        fit = known.names if noun == "one" else known.group(noun)
        if described and fit and not described & _NO_LOOK:
            return () if any(described <= known.words(name) | known.kinds(name) for name in fit) else fit
    return ()


def _owned(text: str) -> bool:
    return re.search(r"\b(?:my|our)\b", text, re.IGNORECASE) is not None


def _runs(text: str) -> Iterator[tuple[int, int, str, bool, list[str]]]:
    """Where phrases may stand, the longest of each place first: start, end, what stays, all meant, words."""
    for match in _START.finditer(text):
        words: list[str] = []
        ends: list[int] = []
        at = match.end()
        while len(words) < _LONGEST and (more := _WORD.match(text, at)):
            if more[1][0].isupper() or (more[1].lower() == "of" and match["all"]):
                break
            words.append(more[1].lower())
            ends.append(more.end())
            at = more.end()
        asked = (match["ask"] or "").lower()
        for count in range(len(words), 0, -1):
            start = match.start() if not asked else match.end() + 1
            yield start, ends[count - 1], "of " if asked else "", bool(match["all"] or asked), words[:count]
