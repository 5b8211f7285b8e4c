"""Words that introduce somebody new: "this is Mochi, she likes noodles"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .statements import split_clauses

__all__ = ["Introduced", "introduced"]

_THIS = re.compile(
    r"^(?:(?:hi|hello|hey|look|oh|and|no|please|now)\b[,!.:]*\s+)*"
    r"(?:this is|that is|that's|it is|it's|here is|here's|meet|(?:please )?remember(?: that)?(?: this is)?|"
    r"(?:i want you to|let me) (?:meet|remember|know)|say hello to|(?:her|his|its|their) name is|"
    r"(?:she|he|it) is (?:called|named)|(?:i|we) call (?:her|him|it))\s+(?P<rest>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_REST = re.compile(
    r"(?:(?:my|our|a|an|the)\s+(?P<what>[a-z][a-z ]*?),?\s+(?:called |named )?)?"
    r"(?P<name>[^\W\d_a-z][\w]*(?:[ -][^\W\d_a-z][\w]*)*)(?P<more>(?:[^\w].*)?)$",
    re.DOTALL,
)
_KIND = re.compile(
    r"^(?:,|-|:)?\s*\(?(?:my|our|a|an)\s+(?P<what>[a-z]+(?: [a-z]+){0,3}?)\)?"
    r"(?=[.,;!]|\s+(?:who|that|and|called|with)\b|$)"
)
_DROPPED = frozenset(
    ["new", "little", "small", "dear", "lovely", "old", "friend", "best", "other", "first", "second"]
)


@dataclass(frozen=True, slots=True)
class Introduced:
    """Somebody who is introduced: the name, what it is if that is said, and notes."""

    name: str
    category: str | None
    about: str


def introduced(text: str) -> Introduced | None:
    """Who a text introduces; None if it does not. A question introduces nobody."""
    match = _THIS.match(text.strip())
    if match is None or text.rstrip().endswith("?"):
        return None
    rest = _REST.match(match["rest"].strip())
    if rest is None:
        return None
    more, category = (rest["more"] or "").strip(), _plain(rest["what"])
    kind = _KIND.match(more)
    if kind and category is None:
        category, more = _plain(kind["what"]), more[kind.end() :]
    more = re.sub(r"^[\s,.;:!-]*(?:(?:and|who|that|which|with)\s+)?", "", more).strip()
    if (
        more
        and not re.match(r"(?:she|he|it|they|her|his|its|their|my)\b", more, re.IGNORECASE)
        and not more[0].isupper()
    ):
        more = f"It {more}"
    more = f"{more[:1].upper()}{more[1:]}"
    subject = more.split(" ", 1)[0] if re.match(r"(?:She|He|It|They)\b", more) else "It"
    return Introduced(rest["name"], category, split_clauses(more, subject))


def _plain(what: str | None) -> str | None:
    words = [word for word in (what or "").split() if word not in _DROPPED]
    return " ".join(words) or None
