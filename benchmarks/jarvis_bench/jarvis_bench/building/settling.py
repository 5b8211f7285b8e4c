"""What a detail of one concept is: many testimonies of the same model, each of something else, that agree."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..reading import holds_phrase, plain_text
from .gather import Known
from .hearing import Exhibit, Hearing, Say
from .mined import Mined, View
from .proposal import Spot, Testimony
from .reason import Reason
from .settings import BuildSettings
from .witness import Witness

__all__ = ["Settled", "settle"]

_WORDINGS = 2


@dataclass(frozen=True, slots=True)
class Settled:
    """A detail of a concept, or why it is none.

    Attributes:
        part: its kind.
        question: the wording that is asked.
        answer: what it is; empty where nothing was read.
        reason: why it is dropped; empty where it stands.
        testimonies: what was said.
        spots: patches that show it, at most one for each photo.
    """

    part: str
    question: str
    answer: str = ""
    reason: Reason | None = None
    testimonies: tuple[Testimony, ...] = field(default=(), repr=False)
    spots: tuple[Spot, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether the answer is sure, be it worth a question or not: it may be a wrong option elsewhere."""
        return bool(self.answer) and self.reason not in (Reason.DISAGREE, Reason.CONTESTED)


def settle(
    known: Known,
    mined: Mined,
    part: str,
    wordings: Sequence[str],
    witness: Witness,
    say: Say,
    settings: BuildSettings,
) -> Settled:
    """Ask about one part on each photo alone and on all together, in two wordings where there are such.

    It stands if a share of ``settings.agreement`` of all answers is the same, with all answers about at least
    ``settings.least_photos`` photos among them; if as many photos have a patch that says it alone; if few
    have one that says another of the same thing; and if neither name, category, notes nor question say it.
    """
    rng = random.Random(f"build/{settings.seed}/{known.name}/{part}")
    question = rng.choice(list(wordings))
    hearing = Hearing(known, part, witness, say)

    def told(reason: Reason | None, answer: str = "", spots: Sequence[Spot] = ()) -> Settled:
        return Settled(part, question, answer, reason, tuple(hearing.heard), tuple(spots))

    photos = [Exhibit("photo", view.spots, view.crops) for view in mined.views]
    if not settings.checks:
        hearing.hear([(photos[0], question)])
        answer = hearing.heard[0].read or ""
        return told(None if answer else Reason.UNREADABLE, answer)
    if len(photos) < settings.least_photos:
        return told(Reason.FEW_PHOTOS)
    together = Exhibit("together", mined.together.spots, mined.together.crops)
    asked = list(dict.fromkeys((question, *wordings)))[:_WORDINGS]
    said = hearing.hear([(one, words) for one in (*photos, together) for words in asked])
    counts = Counter(one for one in said if one)
    if not counts:
        return told(Reason.UNREADABLE)
    best, times = counts.most_common(1)[0]
    answer = next(one.read for one in hearing.heard if one.read and plain_text(one.read) == best)
    rows = [said[start : start + len(asked)] for start in range(0, len(photos) * len(asked), len(asked))]
    speaking = sum(set(row) == {best} for row in rows)
    if times < settings.agreement * len(said) or speaking < settings.least_photos:
        return told(Reason.DISAGREE, answer)
    if any(holds_phrase(text, answer) for text in (question, known.name, known.category)):
        return told(Reason.NAME_TELLS, answer)
    if holds_phrase(known.notes, answer):
        return told(Reason.NOTES_TELL, answer)
    spots, others = _alone(hearing, mined.details, question, best)
    if len(spots) < settings.least_photos:
        return told(Reason.NO_CROP, answer, spots)
    contested = any(times > settings.contest * len(photos) for times in others.values())
    return told(Reason.CONTESTED if contested else None, answer, spots)


def _alone(
    hearing: Hearing, details: Sequence[View], question: str, answer: str
) -> tuple[list[Spot], Counter[str]]:
    """Each patch alone: of each photo the first that says the answer, and in how many photos others are said.

    Others are those with the same last word, which in English says what it is.
    """
    pieces = [
        (place, spot, Exhibit("crop", (spot,), (piece,)))
        for place, view in enumerate(details)
        for spot, piece in zip(view.spots, view.crops, strict=True)
    ]
    said = hearing.hear([(piece, question) for _, _, piece in pieces])
    spots: dict[int, Spot] = {}
    others: set[tuple[int, str]] = set()
    for (place, spot, _), words in zip(pieces, said, strict=True):
        if words == answer:
            spots.setdefault(place, spot)
        elif words and words.split()[-1] == answer.split()[-1]:
            others.add((place, words))
    return list(spots.values()), Counter(words for _, words in others)
