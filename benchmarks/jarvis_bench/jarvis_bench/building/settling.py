"""What a detail of one concept is: many testimonies of the same model, each of something else, that agree."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image

from jarvis_memory.profiling.profiler import Subject

from ..reading import holds_phrase, plain_text
from .gather import Known
from .mined import Mined, View
from .proposal import Spot, Testimony
from .settings import BuildSettings
from .witness import Witness

__all__ = ["DISAGREE", "FEW_PHOTOS", "NAME_TELLS", "NOTES_TELL", "NO_CROP", "UNREADABLE", "Settled", "settle", "shown"]

UNREADABLE = "no answer could be read"
DISAGREE = "photos or wordings disagree"
NO_CROP = "too few patches show it alone"
NOTES_TELL = "the notes tell it"
NAME_TELLS = "the question tells it"
FEW_PHOTOS = "too few photos"

Say = Callable[[Subject, str], str]


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
    reason: str = ""
    testimonies: tuple[Testimony, ...] = ()
    spots: tuple[Spot, ...] = ()


class _Bench:
    """Takes testimonies about one part of one concept."""

    def __init__(self, known: Known, part: str, witness: Witness, say: Say) -> None:
        self.known, self.part, self._witness, self._say = known, part, witness, say
        self.heard: list[Testimony] = []

    def hear(
        self,
        view: Literal["photo", "together", "crop", "covered"],
        spots: Sequence[Spot],
        subject: Subject,
        question: str,
    ) -> str | None:
        prompt = self._witness.prompt(question)
        said = self._say(subject, prompt)
        read = self._witness.read(self.part, self.known.name, said)
        self.heard.append(Testimony(view=view, spots=tuple(spots), asked=prompt, said=said, read=read))
        return read


def shown(known: Known, crops: Sequence[Image.Image]) -> Subject:
    """A concept of which nothing is known but these pictures."""
    return Subject(known.name, patches=tuple(crops))


def settle(
    known: Known,
    mined: Mined,
    part: str,
    wordings: Sequence[str],
    witness: Witness,
    say: Say,
    settings: BuildSettings,
) -> Settled:
    """Ask about one part on each photo alone and on all together, in several wordings.

    It stands if all answers that were given (a share of ``settings.agreement`` of them) are the same, each
    photo gave one, and at least ``settings.least_photos`` photos have a patch that says it alone; and if
    neither the notes nor the question say it.
    """
    rng = random.Random(f"build/{settings.seed}/{known.name}/{part}")
    question = rng.choice(list(wordings))
    bench = _Bench(known, part, witness, say)

    def told(reason: str, answer: str = "", spots: Sequence[Spot] = ()) -> Settled:
        return Settled(part, question, answer, reason, tuple(bench.heard), tuple(spots))

    subjects = [shown(known, view.crops) for view in mined.views]
    if not settings.checks:
        answer = bench.hear("photo", mined.views[0].spots, subjects[0], question)
        spots = [view.spots[0] for view in mined.details if view.spots]
        return told("" if answer else UNREADABLE, answer or "", spots)
    if len(mined.views) < settings.least_photos:
        return told(FEW_PHOTOS)
    asked = list(dict.fromkeys((question, *wordings)))[:2]
    for view, subject in zip(mined.views, subjects, strict=True):
        for words in asked:
            bench.hear("photo", view.spots, subject, words)
    together = shown(known, mined.together.crops)
    for words in asked:
        bench.hear("together", mined.together.spots, together, words)
    read = [one.read for one in bench.heard]
    counts = Counter(plain_text(one) for one in read if one)
    if not counts:
        return told(UNREADABLE)
    best, times = counts.most_common(1)[0]
    answer = next(one for one in read if one and plain_text(one) == best)
    speaking = sum(
        all(one.read and plain_text(one.read) == best for one in bench.heard if one.spots == view.spots)
        for view in mined.views
    )
    if times < settings.agreement * len(read) or speaking < settings.least_photos:
        return told(DISAGREE, answer)
    if holds_phrase(question, answer) or holds_phrase(known.category, answer):
        return told(NAME_TELLS, answer)
    if holds_phrase(known.notes, answer):
        return told(NOTES_TELL, answer)
    spots = []
    for view in mined.details:
        spot = _found(bench, view, question, best)
        spots += [spot] if spot else []
    if len(spots) < settings.least_photos:
        return told(NO_CROP, answer, spots)
    return told("", answer, spots)


def _found(bench: _Bench, view: View, question: str, answer: str) -> Spot | None:
    """The first patch of a photo that says the same, shown alone."""
    for spot, piece in zip(view.spots, view.crops, strict=True):
        read = bench.hear("crop", (spot,), shown(bench.known, (piece,)), question)
        if read and plain_text(read) == answer:
            return spot
    return None
