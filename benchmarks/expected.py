"""What a turn of a conversation has to bring about, judged by rules.

No model judges, and no rule knows the wording of an agent: a text is right if it holds what is true and
claims nothing else, whatever stands around that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from jarvis_pocket.ask import Question

__all__ = ["NUMBERS", "Expected", "Tells", "claimed", "denies", "first_number", "holds"]

NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight")
_NOT = re.compile(r"\b(?:no|not|none|nobody|neither|nor|never|without)\b|n't\b", re.IGNORECASE)

Tells = Callable[[str], str | None]
"""What the record tells of a name, as the text of its profile; None if nobody has that name."""


class Reply(Protocol):
    """What of a reply is judged."""

    @property
    def kind(self) -> str:
        """What sort of reply: ``answer``, ``ask_back``, ``confirm`` and so on."""

    @property
    def text(self) -> str:
        """What the user reads."""

    @property
    def choices(self) -> Sequence[str]:
        """What the user may choose from."""


@dataclass(frozen=True)
class Expected:
    """What counts as right; everything has to hold.

    Attributes:
        kinds: what the reply may be.
        needs: of each group one phrase at least, as whole words.
        bars: phrases that may not be there.
        members: whom the text has to claim to have ``value``, of all ``names``; None if it is not judged.
        value, names, values: of what, among whom, and the other values that somebody may have instead.
        denied: a name of whom some sentence has to deny what is asked.
        number: the first number that the text has to say; None if it is not judged.
        known, unknown: names that the record holds after the turn, and that it does not.
        told: phrases that the profile of a name holds after the turn. untold: that it does not.
    """

    kinds: tuple[str, ...] = ("answer",)
    needs: tuple[tuple[str, ...], ...] = ()
    bars: tuple[str, ...] = ()
    members: frozenset[str] | None = None
    names: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    denied: str | None = None
    number: int | None = None
    known: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    told: tuple[tuple[str, str], ...] = ()
    untold: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def of(cls, question: Question, *more_bars: str) -> Expected:
        """What Pocket World itself expects of an answer."""
        return cls(needs=tuple((phrase,) for phrase in question.needs), bars=(*question.bars, *more_bars))

    def right(self, reply: Reply, tells: Tells) -> bool:
        """Whether a reply, and the record after it, are as they should be."""
        if reply.kind not in self.kinds or not self.worded(reply):
            return False
        there = all(tells(name) is not None for name in self.known)
        gone = all(tells(name) is None for name in self.unknown)
        told = all(holds(tells(name) or "", phrase) for name, phrase in self.told)
        return there and gone and told and not any(holds(tells(n) or "", p) for n, p in self.untold)

    def worded(self, reply: Reply) -> bool:
        """Whether the text, with what there is to choose from, is right."""
        text = "\n".join((reply.text, *reply.choices))
        if not all(any(holds(text, phrase) for phrase in group) for group in self.needs):
            return False
        if any(holds(text, phrase) for phrase in self.bars):
            return False
        if self.denied is not None and not denies(reply.text, self.denied):
            return False
        if self.number is not None and first_number(reply.text) != self.number:
            return False
        return self.members is None or claimed(reply.text, self.names, self.values) == self.members


def holds(text: str, phrase: str) -> bool:
    """Whether a phrase is in a text, as whole words, in whatever case."""
    return re.search(rf"(?<!\w){re.escape(phrase.casefold())}(?!\w)", text.casefold()) is not None


def denies(text: str, name: str) -> bool:
    """Whether a sentence names somebody and denies something, as "Bo is not here." does."""
    return any(_NOT.search(sentence) and holds(sentence, name) for sentence in _sentences(text))


def first_number(text: str) -> int | None:
    """The first number of a text, in digits or as a word; "2 of 6" says 2."""
    for word in re.findall(r"\w+", text.casefold()):
        if word.isdigit() or word in NUMBERS:
            return int(word) if word.isdigit() else NUMBERS.index(word)
    return None


def claimed(text: str, names: Sequence[str], others: Sequence[str]) -> frozenset[str]:
    """Whom a text claims to have something: named in a sentence that neither denies nor tells another value.

    "Bo likes rice: yes. Mimi likes soup: no." claims Bo alone where others are (soup, ...), and so do "Bo."
    and "Bo likes rice. Mimi likes soup."
    """
    said: set[str] = set()
    for sentence in _sentences(text):
        if not _NOT.search(sentence) and not any(holds(sentence, other) for other in others):
            said.update(name for name in names if holds(sentence, name))
    return frozenset(said)


def _sentences(text: str) -> list[str]:
    return re.split(r"[.;!?\n]+", text)
