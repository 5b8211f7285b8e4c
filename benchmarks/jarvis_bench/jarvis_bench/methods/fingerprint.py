"""What a model says of somebody on reference photos: attributes, and the same in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from jarvis_agents.collaboration import Remembered
    from jarvis_memory.vlm import VLM

__all__ = ["fingerprint_of"]

_TOKENS = 32


def fingerprint_of(node: VLM, name: str, facts: Sequence[str], pictures: Sequence[Image.Image]) -> Remembered:
    """Attributes of a concept, asked of the model slot by slot.

    A model that brings questions of its own is asked these, and its answers are kept as the sentences that
    it reads best; any other one is asked `DEFAULT_SLOTS`.

    Args:
        node: the model.
        name: of the concept.
        facts: what the notes say.
        pictures: of the concept, RGB.

    Raises:
        ContextError: the pictures leave no room.
    """
    from jarvis_agents.collaboration import Remembered
    from jarvis_agents.collaboration.reading import phrase
    from jarvis_memory.concept import Profile
    from jarvis_memory.profile import profile_text
    from jarvis_memory.profiling.looking import look_at
    from jarvis_memory.profiling.profiler import Subject
    from jarvis_memory.profiling.slots import SlotProfiler

    subject = Subject(name, None, tuple(facts), tuple(pictures))
    if node.slots is None:
        said = SlotProfiler(node).describe(subject)
        looks = tuple(phrase(one.partition(":")[2]) for one in said.attributes)
        known = Profile(name=name, category=said.category, attributes=said.attributes)
        phrases = ((phrase(said.category),) if said.category else ()) + looks
        return Remembered(said.attributes, phrases, tuple(profile_text(known).splitlines()))
    context = look_at(node, subject)
    parts_told, descriptors, lines = list[str](), list[str](), list[str]()
    for slot in node.slots.slots:
        answer = node.generate(context, slot.asked(name), max_new_tokens=_TOKENS).text
        parts = slot.read(name, answer)
        if parts:
            descriptors.append(phrase(" ".join(parts.values())))
            parts_told.append(f"{list(parts)[-1]}: {descriptors[-1]}")
            lines.append(" ".join(answer.split()))
    return Remembered(tuple(parts_told), tuple(descriptors), tuple(lines))
