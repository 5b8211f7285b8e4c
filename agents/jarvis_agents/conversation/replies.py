"""What the user answers when asked who is meant, or whether something shall be done."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jarvis_retrievers.names import match_names

from .known import Known, singular
from .words import NO, ORDINALS, YES

__all__ = ["Chosen", "agreed", "behind_yes", "chosen", "fitting", "telling"]

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
# So many words may stand around a name that is chosen.
_NAMING = 5
_POLITE = frozenset({"thanks", "thank", "you", "please"})
_ALSO_YES = r"do (?:it|that|so)|go ahead|of course|by all means"
_BESIDE_YES = r"do|thanks|thank you|very much|i am|i'm|it is|that is|that's"
_SAYS_YES = rf"{'|'.join(sorted(YES))}|{_ALSO_YES}"
_AGREES = re.compile(rf"(?:{_SAYS_YES})\b[\s,.;:!-]*(?:(?:{_SAYS_YES}|{_BESIDE_YES})\b[\s,.;:!-]*)*")
_DENIES = re.compile(
    r"\b(?:not|except|without|other than|rather than|(?:any|every)(?:one|body|thing)? but|all but)\b|n't\b|"
    r" (?:no|not)\W*$"
)


def agreed(text: str) -> bool | None:
    """Whether a reply says yes or no; None if it says neither, or more than that.

    It says yes only if every word of it does: what cannot be undone hangs on it.
    """
    said = _plainly(text)
    words = re.findall(r"[\w']+", said)
    if not words or len(words) > _SHORT or said.endswith("?"):
        return None
    if _refuses(words):
        return False
    rest = behind_yes(text)
    if rest is None:
        return None
    words = re.findall(r"[\w']+", rest.casefold())
    return False if _refuses(words) else None if words else True


def behind_yes(text: str) -> str | None:
    """What stands behind the words by which a reply agrees; None if it does not begin with such."""
    said = _straight(text).strip()
    match = _AGREES.match(said.casefold())
    if match is None or len(said) != len(said.casefold()):
        return None
    return re.sub(r"^(?:and|but)\b[\s,]*", "", said[match.end() :], flags=re.IGNORECASE)


def chosen(text: str, choices: Sequence[str], known: Known) -> Chosen:
    """Which choice a short reply makes: by name, by order, by words that fit one alone, or none of them.

    "Not Liki" makes the choice if one is left.
    """
    words = re.findall(r"[^\W_]+", _plainly(text).replace("'s", ""))
    if not words or len(words) > _SHORT or text.rstrip().endswith("?"):
        return None
    left = _left(text, choices, known)
    if left is not None:
        return left[0] if len(left) == 1 else None if left else -1
    if words[0] in {"neither", "none", "nobody"} or (words[0] in NO and set(words) <= NO | _POLITE):
        return -1
    rest = behind_yes(text) if len(choices) == 1 else None
    if rest is not None and agreed(text) is False:
        return -1
    if rest is not None and not telling(rest):  # "yes, her"
        return 0
    return _one(text, choices, known)


def _one(text: str, choices: Sequence[str], known: Known) -> int | None:
    """The one choice that a text names, counts to or describes."""
    words = re.findall(r"[^\W_]+", text.casefold())
    found = _named(text, choices, known)
    if found:
        return found[0] if len(found) == 1 and len(words) <= _NAMING else None
    place = _ordered(words, len(choices))
    fit = _fits(text, choices, known) if place is None else [place]
    return fit[0] if len(fit) == 1 else None


def _left(text: str, choices: Sequence[str], known: Known) -> list[int] | None:
    """The choices that a reply leaves which denies one: "not Liki"; None if it denies none."""
    said = _straight(text)
    denies = _DENIES.search(said.casefold())
    if denies is None or len(said) != len(said.casefold()):
        return None
    before, after = said[: denies.start()].strip(), said[denies.end() :].strip(" .!")
    gone, _, instead = re.sub(r",? but\b", ",", after, count=1).partition(",")
    # "Nori, not Liki", "not Liki but Nori"
    for other in (before if before.endswith(",") and gone else "", instead):
        place = _one(other, choices, known)
        if place is not None:
            return [place]
    gone = gone or before  # "Liki, no"
    order = _ordered(re.findall(r"[^\W_]+", gone.casefold()), len(choices))
    denied = _named(gone, choices, known) or ([] if order is None else [order]) or _fits(gone, choices, known)
    return [place for place in range(len(choices)) if place not in denied] if denied else None


def _named(text: str, choices: Sequence[str], known: Known) -> list[int]:
    spellings = {str(place): known.spellings.get(one, (one,)) for place, one in enumerate(choices)}
    return sorted({int(match.key) for match in match_names(text, spellings)})


def _ordered(words: Sequence[str], count: int) -> int | None:
    places = (ORDINALS[word] for word in words if word in ORDINALS)
    return next((place % count for place in places if -count <= place < count), None)


def _refuses(words: Sequence[str]) -> bool:
    return bool(words) and (words[0] in NO or list(words[:2]) == ["do", "not"])


def _straight(text: str) -> str:
    """With straight apostrophes: "don't" is written with a curly one on phones."""
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _plainly(text: str) -> str:
    return _straight(text).strip().casefold()


def fitting(text: str, choices: Sequence[str], known: Known) -> list[int]:
    """The positions of the choices that all telling words of a short reply fit, or that it does not deny."""
    left = _left(text, choices, known)
    return _fits(text, choices, known) if left is None else left


def _fits(text: str, choices: Sequence[str], known: Known) -> list[int]:
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
