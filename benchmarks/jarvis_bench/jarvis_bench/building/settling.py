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
        return bool(self.answer) and self.reason is not Reason.DISAGREE


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
    ``settings.least_photos`` photos among them; if as many photos have a patch that says it alone; and if
    neither name nor category nor notes nor question say it.
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
    spots = _spots(hearing, mined.details, question, best)
    return told(Reason.NO_CROP if len(spots) < settings.least_photos else None, answer, spots)


def _spots(hearing: Hearing, details: Sequence[View], question: str, answer: str) -> list[Spot]:
    """Of each photo the first patch that says the answer, shown alone."""
    found: dict[int, Spot] = {}
    for turn in range(max((len(view.spots) for view in details), default=0)):
        left = [p for p, view in enumerate(details) if p not in found and turn < len(view.spots)]
        pieces = [Exhibit("crop", (details[p].spots[turn],), (details[p].crops[turn],)) for p in left]
        for place, said in zip(left, hearing.hear([(one, question) for one in pieces]), strict=True):
            if said == answer:
                found[place] = details[place].spots[turn]
    return [found[place] for place in sorted(found)]
