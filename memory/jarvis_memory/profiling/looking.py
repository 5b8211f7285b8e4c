"""A concept's pictures put before a local model, without storing anything."""

from __future__ import annotations

from ..concept import Profile
from ..kv import Context, Mode
from ..profile import profile_text
from ..vlm import VLM, SegmentSource
from .profiler import Subject

__all__ = ["look_at"]


def look_at(vlm: VLM, subject: Subject) -> Context:
    """A context of the name, what is known, and the pictures: the segment that a question would meet.

    Raises:
        InputError: there is neither a fact nor a picture. ContextError: it is longer than the window.
    """
    known = Profile(name=subject.name, category=subject.category, facts=tuple(subject.facts))
    source = SegmentSource(subject.name, profile_text(known), subject.shown)
    mode = Mode.EXACT if vlm.reach.segments == 0 else Mode.COMPOSE
    return vlm.context([source], mode)
