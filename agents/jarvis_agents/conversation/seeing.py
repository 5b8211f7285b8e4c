"""Whom an answer about a picture claims to see."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["claims", "seen_in"]


def claims(text: str, name: str) -> bool:
    """Whether a text says that somebody is in the picture: "It is Bo.", "Bo is here."."""
    one = re.escape(name)
    seen = rf"\b(?:it|this|that) is {one}\b|\b{one} is (?:here|there|in the (?:picture|photo|image))\b"
    return re.search(seen, text, re.IGNORECASE) is not None


def seen_in(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names of those whom an answer claims to see, or that it names at all if it claims nobody."""
    claimed = tuple(name for name in names if claims(text, name))
    if claimed or re.search(r"\ba stranger\b|\bnobody\b", text, re.IGNORECASE):
        return claimed
    return tuple(name for name in names if re.search(rf"\b{re.escape(name)}\b", text))
