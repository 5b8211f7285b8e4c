"""Names in a question: exact first, then typos."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from .errors import InputError
from .stopwords import COMMON, FUNCTION

__all__ = ["NameMatch", "match_names"]

# A typo needs enough letters to be told from another word.
_SHORTEST_TYPO: Final = 4
# What may stand between the words of one name: "Ana-Maria", "Mr. Fluffy", "shiba_gray".
_JOINERS: Final = frozenset(" \t\u00a0-_'.&/\u2010\u2011\u2019")
_LONGEST_JOINER: Final = 3
_ASCII: Final = re.compile("[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class NameMatch:
    """A name found in a question.

    Attributes:
        key: the concept's key.
        name: the name or alias, as it was given.
        score: 1.0 for an exact match, the likeness (0 to 1) for a typo.
        start: first character of the match in the question.
        end: one past its last character.
    """

    key: str
    name: str
    score: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int


def match_names(question: str, names: Mapping[str, Sequence[str]], cutoff: float = 86.0) -> list[NameMatch]:
    """Which concepts does the question mention by name?

    Whole words, whatever their case and accents; "Bo's" mentions Bo. Of overlapping names the longest wins;
    concepts that share a name all come back. A word that no name matches exactly may be a misspelt one:
    compared by the indel similarity of rapidfuzz, never if it has fewer than four letters or is a common
    English word. A name that is itself a function word (a dog called Will) counts only where it is spelt
    with the name's own capitals.

    Args:
        question: any text.
        names: for each concept's key its name and aliases.
        cutoff: least similarity of a typo, 0 to 100; above 100 turns typos off.

    Returns:
        Matches by place in the question, then falling score, then key; one per concept and place.

    Raises:
        InputError: a cutoff that is negative or no number, or one string where a sequence of names is meant.
    """
    if math.isnan(cutoff) or cutoff < 0:
        raise InputError(f"cutoff must be a similarity from 0 to 100, got {cutoff!r}")
    words = _words(question)
    known = [(key, name, _words(name)) for key, own in names.items() for name in _checked(key, own)]
    exact = _longest(_exact(question, words, known))
    taken = [(match.start, match.end) for match in exact]
    return _ordered([*exact, *_typos(words, known, taken, cutoff)])


def _checked(key: str, names: Sequence[str]) -> Sequence[str]:
    if isinstance(names, str):
        raise InputError(
            f"the names of {key!r} must be a sequence of strings, got one string; put it in a list"
        )
    return names


def _exact(
    question: str, words: Sequence[_Word], known: Sequence[tuple[str, str, list[_Word]]]
) -> list[NameMatch]:
    places: dict[str, list[int]] = {}
    for position, word in enumerate(words):
        places.setdefault(word.text, []).append(position)
    found = []
    for key, name, parts in known:
        if not parts:
            # A name without a letter, such as an emoji, has no words to compare.
            found += _literal(question, key, name)
            continue
        for first in places.get(parts[0].text, []):
            run = words[first : first + len(parts)]
            if [word.text for word in run] != [part.text for part in parts] or not _joined(question, run):
                continue
            start, end = run[0].start, run[-1].end
            spelt = unicodedata.normalize("NFC", question[start:end])
            if (
                len(parts) == 1
                and parts[0].text in FUNCTION
                and spelt != unicodedata.normalize("NFC", name.strip())
            ):
                continue
            found.append(NameMatch(key, name, 1.0, start, end))
    return found


def _literal(question: str, key: str, name: str) -> list[NameMatch]:
    wanted, found = name.strip(), []
    start = question.find(wanted) if wanted else -1
    while start >= 0:
        found.append(NameMatch(key, name, 1.0, start, start + len(wanted)))
        start = question.find(wanted, start + len(wanted))
    return found


def _joined(question: str, run: Sequence[_Word]) -> bool:
    gaps = [question[left.end : right.start] for left, right in pairwise(run)]
    return all(len(gap) <= _LONGEST_JOINER and _JOINERS.issuperset(gap) for gap in gaps)


def _longest(matches: Sequence[NameMatch]) -> list[NameMatch]:
    kept: list[NameMatch] = []
    for match in sorted(matches, key=lambda m: (m.start - m.end, m.start)):
        if all(
            (match.start, match.end) == (other.start, other.end)
            or match.end <= other.start
            or match.start >= other.end
            for other in kept
        ):
            kept.append(match)
    return kept


def _typos(
    words: Sequence[_Word],
    known: Sequence[tuple[str, str, list[_Word]]],
    taken: Sequence[tuple[int, int]],
    cutoff: float,
) -> list[NameMatch]:
    if cutoff > 100.0:  # typos are off
        return []
    from rapidfuzz import fuzz

    found = []
    for length in sorted({len(parts) for _, _, parts in known if parts}):
        for first in range(len(words) - length + 1):
            run = words[first : first + length]
            start, end = run[0].start, run[-1].end
            text = "".join(word.text for word in run)
            if len(text) < _SHORTEST_TYPO or any(start < right and left < end for left, right in taken):
                continue
            if any(word.text in COMMON for word in run):
                continue
            for key, name, parts in known:
                target = "".join(part.text for part in parts)
                if len(parts) != length or len(target) < _SHORTEST_TYPO:
                    continue
                pairs = zip(run, parts, strict=True)
                if any(len(word.text) < _SHORTEST_TYPO and word.text != part.text for word, part in pairs):
                    continue
                likeness = fuzz.ratio(text, target, score_cutoff=cutoff)
                # 100 here is a name that was turned down as an exact match; that stands.
                if cutoff <= likeness < 100.0 and likeness > 0.0:
                    found.append(NameMatch(key, name, likeness / 100.0, start, end))
    best: list[NameMatch] = []
    for match in sorted(found, key=lambda m: (-m.score, m.start - m.end, m.start)):
        # One word is one mention: only the likeliest names (several, if equal) may claim it.
        rivals = [other for other in best if match.start < other.end and other.start < match.end]
        if all(r.score == match.score and (r.start, r.end) == (match.start, match.end) for r in rivals):
            best.append(match)
    return best


def _ordered(matches: Sequence[NameMatch]) -> list[NameMatch]:
    distinct: dict[tuple[str, int], NameMatch] = {}
    for match in sorted(matches, key=lambda m: (m.start, -m.score, m.key)):
        distinct.setdefault((match.key, match.start), match)
    return list(distinct.values())


def _words(text: str) -> list[_Word]:
    """Runs of letters, digits and marks, folded; scripts without spaces give one word per letter."""
    if text.isascii():  # the same, ten times as fast: a question is compared with the names of everybody
        return [_Word(found[0].lower(), *found.span()) for found in _ASCII.finditer(text)]
    return _spelt(text)


def _spelt(text: str) -> list[_Word]:
    """`_words` letter by letter, for any script."""
    words: list[_Word] = []
    folded, start = "", 0
    for position, letter in enumerate([*text, " "]):
        inside = unicodedata.category(letter)[0] in "LNM"
        alone = inside and _unspaced(letter)
        if folded and (not inside or alone):
            words.append(_Word(folded, start, position))
            folded = ""
        if inside:
            if not folded:
                start = position
            folded += _fold(letter)
        if alone and folded:
            words.append(_Word(folded, position, position + 1))
            folded = ""
        elif alone and words and words[-1].end == position:
            # A tone mark folds to nothing; it belongs to the letter before it.
            words[-1] = _Word(words[-1].text, words[-1].start, position + 1)
    return words


def _fold(letter: str) -> str:
    """Without case and without accents: "É" and "é" are "e", "ß" is "ss"."""
    spread = unicodedata.normalize("NFKD", letter).casefold()
    return "".join(part for part in unicodedata.normalize("NFKD", spread) if not unicodedata.combining(part))


def _unspaced(letter: str) -> bool:
    code = ord(letter)
    # Thai to Khmer, kana and Han (with extensions): whole-word matching needs spaces, which these do not
    # write.
    return (
        0x0E00 <= code <= 0x0EFF
        or 0x1780 <= code <= 0x17FF
        or 0x3040 <= code <= 0x30FF
        or (0x3400 <= code <= 0x9FFF or 0x20000 <= code <= 0x3FFFF)
    )
