"""What the user answers when asked who is meant, or whether something shall be done."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jarvis_retrievers.names import match_names

from .known import Known, singular
from .words import NO, ORDINALS, YES

__all__ = ["Chosen", "agreed", "chosen", "fitting", "telling"]

Chosen = int | None
"""The position of a choice; -1 for none of them, None if the reply is no choice at all."""

_FILLER = frozenset(
    [
        "the",
        "a",
        "an",
        "i",
        "mean",
        "it",
        "is",
        "s",
        "one",
        "that",
        "this",
        "please",
        "her",
        "him",
        "no",
        "yes",
        "of",
        "them",
        "my",
        "with",
        "who",
        "has",
        "wears",
        "wearing",
        "in",
        "and",
    ]
)
_SHORT = 8


def agreed(text: str) -> bool | None:
    """Whether a reply says yes or no; None if it says neither."""
    words = re.findall(r"[\w']+", text.casefold())
    if not words or len(words) > _SHORT or text.rstrip().endswith("?"):
        return None
    if words[0] in YES or words[:2] == ["do", "it"] or words[:2] == ["go", "ahead"]:
        return True
    return False if words[0] in NO or words[:2] == ["do", "not"] else None


def chosen(text: str, choices: Sequence[str], known: Known) -> Chosen:
    """Which choice a short reply makes: by name, by order, by words that fit one alone, or none of them."""
    words = re.findall(r"[^\W_]+", text.casefold().replace("'s", ""))
    if not words or len(words) > _SHORT or text.rstrip().endswith("?"):
        return None
    spellings = {str(place): known.spellings.get(one, (one,)) for place, one in enumerate(choices)}
    found = {int(match.key) for match in match_names(text, spellings)}
    if len(found) == 1:
        return found.pop() if len(words) <= 5 else None
    if found:
        return None
    if words[0] in {"neither", "none", "nobody"} or (words[0] in NO and len(words) == 1):
        return -1
    if len(choices) == 1 and words[0] in YES:
        return 0
    for word in words:
        if word in ORDINALS and -len(choices) <= ORDINALS[word] < len(choices):
            return ORDINALS[word] % len(choices)
    fit = fitting(text, choices, known)
    return fit[0] if len(fit) == 1 else None


def fitting(text: str, choices: Sequence[str], known: Known) -> list[int]:
    """The positions of the choices that all telling words of a short reply fit."""
    wanted = telling(text)
    return [
        place
        for place, one in enumerate(choices)
        if wanted and wanted <= (_words(known, one) if one in known.concepts else _plain(one))
    ]


def telling(text: str) -> frozenset[str]:
    """The words of a short reply that may describe somebody, in the singular; none of a long one."""
    words = re.findall(r"[^\W_]+", text.casefold().replace("'s", ""))
    if len(words) > _SHORT or text.rstrip().endswith("?"):
        return frozenset()
    return frozenset(map(singular, words)) - frozenset(map(singular, _FILLER))


def _words(known: Known, name: str) -> frozenset[str]:
    return known.words(name) | known.kinds(name)


def _plain(text: str) -> frozenset[str]:
    return frozenset(singular(word) for word in re.findall(r"[^\W_]+", text.casefold()))
