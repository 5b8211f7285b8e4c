"""A proposed question with everything that was seen, asked and answered on its way: a line of provenance."""

from __future__ import annotations

from typing import Literal

from ..item import Value

__all__ = ["FORMS", "Proposal", "ProposalForm", "Rival", "Spot", "Testimony", "Trial"]

ProposalForm = Literal["text open", "text choice", "vqa open", "vqa choice"]
FORMS: tuple[ProposalForm, ...] = ("text open", "text choice", "vqa open", "vqa choice")
"""Forms of a question, as groups of the table are called."""


class Spot(Value):
    """A mined patch: its photo, its box in pixels (left, top, right, bottom), and the miner's scores."""

    photo: str
    box: tuple[int, int, int, int]
    relevance: float
    distinctiveness: float
    score: float


class Testimony(Value):
    """What the model said of the detail when it was shown something.

    Attributes:
        view: ``photo``: the patches of one photo; ``together``: those of all reference photos, as a memory
            has them; ``crop``: one patch alone; ``covered``: a whole photo with the detail covered.
        spots: what it was shown, in order; for ``covered`` what was covered.
        asked: the prompt.
        said: the answer as it came.
        read: the detail in it, None where there is none.
    """

    view: Literal["photo", "together", "crop", "covered"]
    spots: tuple[Spot, ...]
    asked: str
    said: str
    read: str | None


class Rival(Value):
    """Another concept with another detail of the same kind, and the cosine of their whole subjects."""

    concept: str
    answer: str
    likeness: float


class Trial(Value):
    """The model was asked without any memory.

    Attributes:
        pictures: what it was shown, paths below the root; none: the question alone.
        options: as they were shown; none: a free question.
        asked, said: the prompt, and the answer as it came.
        right: whether the harness counts it.
    """

    pictures: tuple[str, ...]
    options: tuple[str, ...]
    asked: str
    said: str
    right: bool


class Proposal(Value):
    """One proposed item, kept or not.

    Attributes:
        id: that of the item, if it was kept.
        concept: id of the concept.
        part: the kind of detail, such as ``emblem`` or ``left ear``.
        form: in which form it is asked.
        question, answer: empty where it did not come that far.
        kept: whether it is in the data set.
        reason: why not.
        spots: the patches that show the detail, one for each photo in which one was found.
        picture: the photo that is shown covered with the question, and which box of it is covered.
        testimonies: all that the answer rests on.
        rivals: where the other options, and what a free answer must not say, are from; the likest first.
        trials: attempts to answer it without a memory.
    """

    id: str
    concept: str
    part: str
    form: ProposalForm
    question: str = ""
    answer: str = ""
    kept: bool = False
    reason: str = ""
    spots: tuple[Spot, ...] = ()
    picture: str = ""
    covered: tuple[int, int, int, int] | None = None
    testimonies: tuple[Testimony, ...] = ()
    rivals: tuple[Rival, ...] = ()
    trials: tuple[Trial, ...] = ()
