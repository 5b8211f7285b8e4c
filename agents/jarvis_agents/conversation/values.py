"""What answers say, read by rule: numbers, months, yes and no, and whether anything is known at all."""

from __future__ import annotations

import re

from jarvis_retrievers.stopwords import FUNCTION

from .known import singular
from .words import MONTHS, NUMBERS

__all__ = ["holds", "negated", "number", "rank_of", "unknown", "yes"]

_UNKNOWN = re.compile(
    r"\bunknown\b|\b(?:do|does|did) not (?:know|say|tell)\b|\bdon't (?:know|have)\b|"
    r"\bno (?:idea|information)\b"
    r"|\bnot (?:sure|known|given|mentioned)\b|\bcannot (?:tell|say)\b|\bcan't (?:tell|say)\b",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_DIGITS = r"(?P<digits>[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:[.,]\d+)?)"
_SCALES = {
    **dict.fromkeys(("kg", "kilo", "kilos"), 1000.0),
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), 100.0),
    **dict.fromkeys(("month", "months"), 1 / 12),
    **dict.fromkeys(("week", "weeks"), 1 / 52),
    **dict.fromkeys(("year", "years", "g", "gram", "grams", "cm"), 1.0),
}
_UNIT = "|".join(sorted(_SCALES, key=len, reverse=True))
_WORD = rf"(?P<word>{'|'.join(NUMBERS)})[\s-]+(?={_UNIT}\b)"
# A number in words counts before digits only if a unit stands behind it: "the one here is 3".
_AMOUNT = re.compile(rf"\b(?:{_DIGITS}[\s-]*|{_WORD})(?:(?P<unit>{_UNIT})\b)?", re.IGNORECASE)
_AND = re.compile(rf"\s*(?:,? and |, )?(?:{_DIGITS}[\s-]*|{_WORD})(?P<unit>{_UNIT})\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|never|no|nobody|nothing)\b|n't\b", re.IGNORECASE)


def unknown(answer: str) -> bool:
    """Whether an answer says that it knows nothing; a blank one does."""
    return not answer.strip() or _UNKNOWN.search(answer) is not None


def negated(text: str) -> bool:
    """Whether a text says no."""
    return _NOT.search(text) is not None


def holds(answer: str, value: str) -> bool | None:
    """Whether an answer gives this value; None if it knows nothing."""
    if unknown(answer):
        return None
    # "noodles or rice" holds with either.
    either = [_telling(part) for part in re.split(r"\bor\b", value)]
    return any(wanted and wanted <= _telling(answer) for wanted in either) and not negated(answer)


def yes(answer: str) -> bool | None:
    """Whether an answer says yes; None if it says neither yes nor no."""
    if unknown(answer):
        return None
    ends = re.search(r"(?:\A|[:;,]\s*)(yes|no)\b[^:;,]*\Z|\A\W*(yes|no)\b", answer.strip(), re.IGNORECASE)
    if ends:
        return (ends[1] or ends[2]).lower() == "yes"
    if re.search(r"\bis not here\b", answer):
        return False
    return True if re.search(r"\bis here\b", answer) else None


def number(answer: str) -> float | None:
    """The first amount of an answer, in digits or words up to twenty, with the smaller unit behind it.

    Kilograms and grams become grams, metres and centimetres centimetres, months and weeks years. Digits
    inside a name ("R2D2") are none.
    """
    found = _AMOUNT.search(answer)
    if found is None:
        words = re.findall(r"[a-z]+", answer.lower())
        return next((float(NUMBERS[word]) for word in words if word in NUMBERS), None)
    value, scale = _amount(found)
    more = _AND.match(answer, found.end())
    if more is not None:  # "1 year and 6 months"
        rest, less = _amount(more)
        value += rest if less < scale else 0.0
    return value


def _amount(found: re.Match[str]) -> tuple[float, float]:
    """An amount, and how much its unit is."""
    digits, scale = found["digits"], _SCALES.get((found["unit"] or "").lower(), 1.0)
    if digits is None:
        return NUMBERS[found["word"].lower()] * scale, scale
    plain = digits.replace(",", "") if _THOUSANDS.fullmatch(digits) else digits.replace(",", ".")
    return float(plain) * scale, scale


def rank_of(key: str, answer: str) -> float | None:
    """What orders answers about a property: the month of a birth, the number of all else."""
    if unknown(answer):
        return None
    if key == "month":
        words = re.findall(r"[a-z]+", answer.lower())
        return next((float(MONTHS.index(word)) for word in words if word in MONTHS), None)
    return number(answer)


def _telling(text: str) -> frozenset[str]:
    words = re.findall(r"[^\W_]+", text.casefold())
    return frozenset(
        str(NUMBERS[word]) if word in NUMBERS else singular(word)
        for word in words
        if word not in FUNCTION - {"may"}
    )
