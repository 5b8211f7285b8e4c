"""Items of one settled detail: four forms of one question, each of which has to need a memory."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image

from ..item import LETTERS, Item, Picture, Source
from .blind import Blind, answered
from .gather import Known
from .proposal import FORMS, Proposal, ProposalForm, Rival, Trial
from .provenance import PROVENANCE
from .reason import Reason
from .settings import BuildSettings
from .settling import Settled

__all__ = ["Draft", "Shown"]

_MOST_BARS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """The covered photo of a question: as a file, as an image, and which photo and box of it that is."""

    picture: Picture
    image: Image.Image
    photo: str
    box: tuple[int, int, int, int]


@dataclass
class Draft:
    """Makes the items of one detail, and tells of those that are none.

    Attributes:
        id: how ids of its proposals begin.
        known, settled: the concept and its detail.
        rivals: whose answers can stand beside the right one, the likest first.
        shown: the covered photo, if there is one; ``no_cover`` says why not, None where none was tried.
        blind: the model without a memory; None where nothing is checked.
    """

    id: str
    known: Known
    settled: Settled
    rivals: tuple[Rival, ...]
    blind: Blind | None
    settings: BuildSettings
    shown: Shown | None = None
    no_cover: Reason | None = None
    items: list[Item] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)

    def make(self) -> None:
        """Fill ``items`` and ``proposals``."""
        told: dict[ProposalForm, Reason | None] = {}
        for form in FORMS:
            if form.startswith("vqa") and self.shown is None:
                if self.no_cover:
                    self._tell(form, self.settled.reason or self.no_cover)
                continue
            reason = self.settled.reason or self._earlier(form, told)
            if reason:
                self._tell(form, reason)
            elif form.endswith("choice") and len(self.rivals) < self.settings.options - 2:
                self._tell(form, Reason.FEW_RIVALS)
            else:
                told[form] = self._try(form)

    def _earlier(self, form: ProposalForm, told: Mapping[ProposalForm, Reason | None]) -> Reason | None:
        """What is answered in an easier way is no question in a harder one."""
        easier = FORMS[: FORMS.index(form)] if form == "vqa choice" else FORMS[: form != "text open"]
        return next((told[one] for one in easier if told.get(one)), None)

    def _try(self, form: ProposalForm) -> Reason | None:
        """Why an item is dropped; None if it is kept."""
        item = self._item(form)
        images = [self.shown.image] if self.shown and item.images else []
        trials: tuple[Trial, ...] = ()
        if self.blind is not None:
            trials = self.blind.trials(item, images)
        if answered(trials):
            reason = Reason.PICTURE_TELLS if images else Reason.QUESTION_TELLS
            self._tell(form, reason, trials)
            return reason
        self.items.append(item)
        self._tell(form, None, trials)
        return None

    def _item(self, form: ProposalForm) -> Item:
        settled, pictured = self.settled, form.startswith("vqa")
        others = [one.answer for one in self.rivals]
        options: tuple[str, ...] = ()
        if form.endswith("choice"):
            rng = random.Random(f"options/{self.settings.seed}/{self.known.name}/{settled.part}/{form}")
            drawn = [settled.answer, *others[: self.settings.options - 1]]
            rng.shuffle(drawn)
            options = tuple(drawn)
        return Item(
            id=f"{self.id}/{form.replace(' ', '-')}",
            task="vqa" if pictured else "text",
            kind=settled.part,
            question=settled.question,
            concepts=(self.known.id,),
            images=(self.shown.picture,) if self.shown and pictured else (),
            options=options,
            answer=LETTERS[options.index(settled.answer)] if options else settled.answer,
            bars=() if options else tuple(others[:_MOST_BARS]),
            source=Source(file=PROVENANCE, key=f"{self.id}/{form.replace(' ', '-')}"),
        )

    def _tell(self, form: ProposalForm, reason: Reason | None, trials: Sequence[Trial] = ()) -> None:
        shown = self.shown if form.startswith("vqa") else None
        self.proposals.append(
            Proposal(
                id=f"{self.id}/{form.replace(' ', '-')}",
                concept=self.known.id,
                part=self.settled.part,
                form=form,
                question=self.settled.question,
                answer=self.settled.answer,
                kept=reason is None,
                reason=reason or "",
                spots=self.settled.spots,
                picture=shown.photo if shown else "",
                covered=shown.box if shown else None,
                testimonies=self.settled.testimonies,
                rivals=self.rivals,
                trials=tuple(trials),
            )
        )
