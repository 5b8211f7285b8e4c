"""What is often asked of a concept, how it is asked, and how it is told. Tables only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["PROPERTIES", "Property", "asked_property", "property_of", "stated"]


@dataclass(frozen=True, slots=True)
class Property:
    """Something that a concept may have.

    Attributes:
        key: its name.
        question: how it is asked about one concept, ``{n}``.
        asked: finds a question about it.
        held: what is said of a concept, without its name, up to the value (group ``v``).
        single: a concept has one value only.
        sentence: how it is told; "" if there is no plain way.
    """

    key: str
    question: str
    asked: re.Pattern[str]
    held: re.Pattern[str]
    single: bool = False
    sentence: str = ""


def _find(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_CLOTHES = "hat|cap|scarf|bow|flag|collar|ribbon|coat|jacket|bell|glasses|tag|boots?|shoes?|bandana|necklace"
_SIGNS = (
    "star|heart|moon|cross|ring|arrow|square|bolt|drop|bars|circle|triangle|letter|number|sun|flower|emblem|"
    "badge"
)
_COLOURS = (
    "red|green|blue|yellow|purple|gr[ae]y|brown|pink|orange|black|white|golden|plain|striped|spotted|big|"
    "small"
)
_NUMBER = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
_THE = r"(?:the |an? |his |her |its |their )?"

PROPERTIES: Final = (
    Property(
        "look",
        "What does {n} look like?",
        _find(r"\blooks? like\b|\bdescribe\b|^what is [^ ]+\?*$"),
        _find(
            rf"looks? like (?P<v>.+)|(?:is|are) (?:an? )?(?P<w>(?:{_COLOURS})\b.*)"
            r"|is an? (?P<x>[a-z ]+)|are (?P<y>[a-z]+s)[ .?!]*$"
        ),
    ),
    Property(
        "place",
        "Where does {n} sleep?",
        _find(
            r"\bwhere\b.*\b(?:sleeps?|naps?|lies?|rests?)\b|\bsleeps? on\b|\bplace to sleep\b|\bsame place\b"
        ),
        _find(
            r"(?:(?:sleep|nap|rest)s?(?: at night)?|likes? to (?:lie|sleep)|lies?) (?:in|on|under|at|behind) "
            rf"{_THE}(?P<v>.+)"
        ),
        sentence="{n} sleeps on {v}.",
    ),
    Property(
        "food",
        "What does {n} like?",
        _find(
            r"\b(?:what|which (?:food|meal|dish))\b.*\b(?:likes?|loves?|enjoys?|eats?)\b"
            r"|\bfavou?rite (?:food|meal|dish)\b|\btell me what\b.*\blikes?\b|\bsame (?:food|things?)\b"
        ),
        _find(
            r"(?:(?:like|love|enjoy|prefer|adore)s?|eats)(?: to eat| eating)? (?P<v>.+)"
            r"|'s favou?rite food is (?P<w>.+)"
        ),
        sentence="{n} likes {v}.",
    ),
    Property(
        "month",
        "When was {n} born?",
        _find(r"\bborn\b|\bbirthdays?\b|\b(?:which|what|same) month\b"),
        _find(
            r"(?:was|were|is|are)?\s*born (?:in|on) (?P<v>.+)"
            r"|ha(?:s|ve) (?:a|his|her|its) birthday (?:in|on) (?P<w>.+)|'s birthday is (?:in |on )?(?P<x>.+)"
        ),
        True,
        "{n} was born in {v}.",
    ),
    Property(
        "age",
        "How old is {n}?",
        _find(r"\bhow old\b|\bages?\b|\byears? old\b|\b(?:old|young)e(?:r|st)\b"),
        _find(
            rf"(?:(?:is|are|was|be|turned|turns) )(?P<v>\d+|{_NUMBER})"
            r"(?: years? old| years?| this year| now|[ .?!]*$)"
        ),
        True,
        "{n} is {v} years old.",
    ),
    Property(
        "keeper",
        "Who does {n} belong to?",
        _find(r"\bbelongs?\b|\bowns\b|\b(?:keeper|owner)s?\b|\b(?:takes? care|looks? after|looked after)\b"),
        _find(
            r"belongs? to (?P<v>.+)|(?:is|are) (?:looked after|owned|kept) by (?P<w>.+)"
            r"|'s (?:keeper|owner) is (?P<x>.+)"
        ),
        True,
        "{n} belongs to {v}.",
    ),
    Property(
        "worn",
        "What does {n} wear?",
        _find(r"\bwears?\b|\bwearing\b|\baccessor(?:y|ies)\b"),
        _find(
            rf"(?:wears?|(?:is|are) wearing) {_THE}(?P<v>.+)"
            rf"|ha(?:s|ve) {_THE}(?P<w>(?:\w+ )?(?:{_CLOTHES}))\b[ .?!]*$"
        ),
        sentence="{n} wears {v}.",
    ),
    Property(
        "emblem",
        "What is the emblem of {n}?",
        _find(r"\bemblems?\b|\bbadges?\b|\b(?:which|what) sign\b"),
        _find(
            rf"(?:carr(?:y|ies)|ha(?:s|ve)) {_THE}(?:emblem (?:of )?{_THE})?(?P<v>(?:\w+ )?(?:{_SIGNS}))\b.*"
            r"|'s (?:emblem|badge) is (?:an? )?(?P<w>.+)"
        ),
        sentence="{n} has {v}.",
    ),
    Property(
        "friend",
        "Who shares a bowl with {n}?",
        _find(r"\bshares? (?:a|the|its|her|his) \w+ with\b|\bfriends?\b"),
        _find(r"shares? (?:a|the|its|her|his) \w+ with (?P<v>.+)|'s friend is (?P<w>.+)"),
        sentence="{n} shares a bowl with {v}.",
    ),
    Property(
        "weight",
        "How heavy is {n}?",
        _find(r"\bhow (?:heavy|much does)\b|\bweigh|\b(?:heavi|light)e(?:r|st)\b"),
        _find(r"weighs? (?P<v>.+)|(?:is|are) (?P<w>\d\S* (?:kg|g|kilos?|pounds?|grams?))"),
        True,
    ),
    Property(
        "height",
        "How tall is {n}?",
        _find(r"\bhow (?:tall|high|long)\b|\b(?:tall|short|larg|small)e(?:r|st)\b"),
        _find(r"(?:is|are) (?P<v>\d\S* (?:cm|m|metres?|meters?|inch(?:es)?|feet))"),
        True,
    ),
)
"""In the order in which they are tried."""

_BY_KEY = {one.key: one for one in PROPERTIES}


def property_of(key: str) -> Property | None:
    """The property of a key."""
    return _BY_KEY.get(key)


def asked_property(question: str) -> Property | None:
    """The property that a question asks for."""
    return next((one for one in PROPERTIES if one.asked.search(question)), None)


def stated(said: str) -> tuple[Property, str] | None:
    """What is said of a concept, its name taken away: the property and its value.

    Args:
        said: such as ``"likes noodles."`` or ``"'s keeper is Mia."``.
    """
    for one in PROPERTIES:
        match = one.held.match(said.strip())
        if match:
            value = next(value for value in match.groupdict().values() if value is not None)
            value = value.strip(" .!?\"'")
            if value:
                return one, value
    return None
