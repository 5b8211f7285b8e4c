"""The words that a model says of a concept: what it is, and what tells it from others."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from ..concept import Profile
from ..profiling.profiler import Subject
from ..profiling.slots import SlotProfiler
from ..vlm import VLM

__all__ = ["keywords"]

_UNKNOWN = ("the main subject",)


def keywords(vlm: VLM, profile: Profile, photos: Sequence[Image.Image]) -> tuple[str, ...]:
    """The category and the fingerprint attributes of a profile; the model is asked if it has no attributes.

    Args:
        vlm: who is asked, slot by slot.
        profile: what is known.
        photos: of the concept; patches, if there are some.
    """
    category, attributes = profile.category, profile.attributes
    if not attributes:
        said = SlotProfiler(vlm).describe(Subject(profile.name, category, profile.facts, (), tuple(photos)))
        category, attributes = category or said.category, said.attributes
    looks = (part.partition(":")[2].strip() or part.strip() for part in attributes)
    return tuple(word for word in (category or "", *looks) if word) or _UNKNOWN
