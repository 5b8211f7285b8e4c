"""What an answer says: a letter, yes or no, names. Strict: what is not said clearly is not read into it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, Literal

from .item import LETTERS

__all__ = ["holds_phrase", "names_in", "plain_text", "read_letter", "read_yes_no"]

_WORD: Final = re.compile(r"\w+")
_ARTICLES: Final = frozenset(("a", "an", "the"))
_NUMBERS: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
_DIGITS: Final = {word: str(number) for number, word in enumerate(_NUMBERS)}
_LEAD: Final = r"(?:(?i:(?:the )?(?:correct |right |best )?(?:answer|option|choice)(?: is)?)\s*[:=-]?\s*)?"
_ALONE: Final = re.compile(_LEAD + r"[(\[]?([A-Za-z])[)\]]?[.:,]?")
_BEFORE_TEXT: Final = re.compile(_LEAD + r"[(\[]?([A-Z])[)\].:]+\s*(\S.*)", re.DOTALL)
_MARKER: Final = re.compile(r"(?<!\w)[(\[]?([A-Z])[)\].:](?!\w)")
_YES_NO: Final = re.compile(r"\W*(yes|no)(?!\w)(?:\W+(?:and\W+|or\W+)?(yes|no)(?!\w))?")


def read_letter(answer: str, options: int) -> str | None:
    """The letter of an option, or None where the answer names none or several.

    Read are a letter alone (``B``, ``(b)``, ``B.``, ``Answer: B``) and a letter with its mark before text
    (``B. A red collar``) that holds the letter of no other option. ``A dog`` is an article, no letter;
    the text of an option without its letter is no letter either.
    """
    text = unicodedata.normalize("NFKC", answer).replace("*", "").strip().strip("\"'`").strip()
    there = LETTERS[:options]
    alone = _ALONE.fullmatch(text)
    if alone:
        letter = alone[1].upper()
        return letter if letter in there else None
    before = _BEFORE_TEXT.fullmatch(text)
    if before is None or before[1] not in there:
        return None
    others = {mark for mark in _MARKER.findall(before[2]) if mark in there}
    return before[1] if others <= {before[1]} else None


def read_yes_no(answer: str) -> Literal["yes", "no"] | None:
    """The first word, if it is yes or no and not both; ``not``, ``know`` and ``now`` are neither."""
    found = _YES_NO.match(unicodedata.normalize("NFKC", answer).casefold())
    if found is None or (found[2] and found[2] != found[1]):
        return None
    return "yes" if found[1] == "yes" else "no"


def plain_text(text: str) -> str:
    """For comparing: case folded, no punctuation, no articles, small numbers as digits."""
    words = [_DIGITS.get(word, word) for word in _words(text)]
    return " ".join([word for word in words if word not in _ARTICLES] or words)


def holds_phrase(answer: str, phrase: str) -> bool:
    """Whether a phrase stands in an answer as whole words; hyphens and underscores are spaces."""
    return bool(_spans(_words(answer), _words(phrase))) or _inside(answer, phrase)


def names_in(answer: str, names: Mapping[str, str]) -> tuple[str, ...]:
    """Keys of the names that an answer holds, sorted.

    The longest are looked for first, and what they cover is no other name: "Casey's friend Marlan" does not
    name Casey.
    """
    words: list[str] = _words(answer)
    found: list[str] = []
    for key, name in sorted(names.items(), key=lambda pair: (-len(_words(pair[1])), -len(pair[1]), pair[0])):
        parts = _words(name)
        spans = _spans(words, parts)
        for start in spans:
            words[start : start + len(parts)] = [""] * len(parts)
        if spans or _inside(answer, name):
            found.append(key)
    return tuple(sorted(found))


def _words(text: str) -> list[str]:
    # Underscores join words for \w, but names of folders are written with them.
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold().replace("_", " "))


def _spans(words: list[str], phrase: list[str]) -> list[int]:
    size = len(phrase)
    return [start for start in range(len(words) - size + 1) if size and words[start : start + size] == phrase]


def _inside(answer: str, phrase: str) -> bool:
    """For scripts that write no spaces between words."""
    wide = any(unicodedata.east_asian_width(character) == "W" for character in phrase)
    return wide and phrase.casefold() in answer.casefold()
