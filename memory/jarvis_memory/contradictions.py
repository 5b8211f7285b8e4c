"""Facts that cannot both be true, by rule: two values where a concept can have one only.

Modest on purpose: it knows birth dates, ages, owners and sexes, and is silent where two sentences might both
be true ("born in May" and "born in Berlin", "is 4 years old" and "turned 5").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Contradiction", "contradictions"]

Value = dict[str, frozenset[str]]

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
# Where the value ends and the sentence goes on to something else; "5 May, 2019" goes on with its year.
_REST = re.compile(
    r"[.!?;:(]|,(?!\s*\d{4}\b)|\b(?:but|when|where|while|which|who|because|after|before|since|not|until)\b"
)
_AND = re.compile(r"\s*(?:,|&|\band\b)\s*")
_OF_SOMEBODY = re.compile(r"(?:my|our|his|her|their)\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two facts, as they stand in the profile; the second came later."""

    first: str
    second: str


def contradictions(name: str, facts: Sequence[str], known: Sequence[str] = ()) -> list[Contradiction]:
    """Facts that contradict an earlier one, each with the first that it contradicts.

    A fact is compared by its frame: what is said of the concept itself, such as ``was born``. In a frame two
    facts contradict each other if both give a part of the value (a month, a year, a name) and share nothing.

    Args:
        name: the concept's; facts that do not start with it count for nothing.
        facts: sentences of its profile, oldest first.
        known: facts that were there before; two of them are not told again.
    """
    told: dict[str, list[tuple[str, Value]]] = {}
    found, old = [], set(known)
    for fact in facts:
        framed = _framed(name, fact)
        if framed is None:
            continue
        frame, value = framed
        earlier = told.setdefault(frame, [])
        for other, others in earlier:
            if _differ(value, others) and not (fact in old and other in old):
                found.append(Contradiction(other, fact))
                break
        earlier.append((fact, value))
    return found


def _differ(one: Value, other: Value) -> bool:
    return any(not one[part] & other[part] for part in one.keys() & other.keys())


def _framed(name: str, fact: str) -> tuple[str, Value] | None:
    if fact[: len(name)].casefold() != name.casefold():
        return None
    said = " ".join(fact[len(name) :].replace("’", "'").split())
    # What stands behind the name without a space is part of another word; "'s" is the concept's own.
    if not said or (fact[len(name)] != " " and not said.startswith("'s ")):
        return None
    for frame, pattern, value_of in _FRAMES:
        match = pattern.match(said)
        if match:
            rest = said[match.end() :]
            value = value_of(rest[: end.start()] if (end := _REST.search(rest)) else rest)
            return (frame, value) if value else None
    return None


def _date(text: str) -> Value:
    """Months, days and years; "March and came to us in June" is about March."""
    words = re.findall(r"[a-z]+|\d+", re.split(r"\band\b", text.lower())[0])
    parts = {
        "month": {word for word in words if word in _MONTHS},
        "year": {word for word in words if word.isdigit() and len(word) == 4},
        "day": {str(int(word)) for word in words if word.isdigit() and len(word) <= 2},
    }
    if not parts["month"]:
        parts["day"] = set()  # "2 years ago", "at 5 in the morning"
    return {part: frozenset(values) for part, values in parts.items() if values}


def _age(text: str) -> Value:
    match = re.match(r"(\d+|[a-z]+) (year|month|week|day)s? old\b", text.lower())
    if match is None:
        return {}
    number = (
        match[1] if match[1].isdigit() else str(1 + _NUMBERS.index(match[1])) if match[1] in _NUMBERS else ""
    )
    # 18 months and 2 years may be the same age.
    return {match[2]: frozenset({str(int(number))})} if number else {}


def _who(text: str) -> Value:
    """Names, or relatives; "my sister" and "Mia" may be the same person."""
    parts = [part for part in _AND.split(text.strip()) if part]
    if parts and all(re.match(r"[^\W\d_]", part) and part[0].isupper() for part in parts):
        return {"name": frozenset(part.casefold() for part in parts)}
    if parts and all(_OF_SOMEBODY.match(part) for part in parts):
        return {"relative": frozenset(part.casefold() for part in parts)}
    return {}


def _sex(text: str) -> Value:
    word = text.strip().lower()
    sex = {"boy": "male", "male": "male", "girl": "female", "female": "female"}.get(word)
    return {"sex": frozenset({sex})} if sex else {}


def _frame(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_FRAMES: tuple[tuple[str, re.Pattern[str], Callable[[str], Value]], ...] = (
    (
        "birth",
        _frame(r"(?:was|is) born |(?:'s|has (?:a|his|her|its)) birthday (?:is )?(?=in |on |the |\w)"),
        _date,
    ),
    ("age", _frame(r"is (?=\w+ (?:years?|months?|weeks?|days?) old\b)"), _age),
    ("belongs", _frame(r"(?:belongs to|is owned by) |'s owner is "), _who),
    *((who, _frame(rf"'s {who} is "), _who) for who in ("keeper", "mother", "father")),
    ("sex", _frame(r"is (?:an? )?(?=(?:boy|girl|male|female)\b)"), _sex),
)
