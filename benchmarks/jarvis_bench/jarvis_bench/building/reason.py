"""Why a proposed question is not asked."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Reason"]


class Reason(StrEnum):
    """Reasons, in the order in which they are looked for."""

    FEW_PHOTOS = "too few photos"
    UNREADABLE = "no answer could be read"
    DISAGREE = "photos or wordings disagree"
    NAME_TELLS = "name, category or question tells it"
    NOTES_TELL = "the notes tell it"
    NO_CROP = "too few patches show it alone"
    CONTESTED = "patches of most photos say another one"
    NOT_DISTINCT = "another concept has a patch like it"
    TWICE = "another detail of the concept says the same"
    TOO_COMMON = "most concepts have it"
    NO_COVER = "no cover hides it"
    FEW_RIVALS = "too few distractors"
    QUESTION_TELLS = "answered without a memory"
    PICTURE_TELLS = "answered from its picture without a memory"
