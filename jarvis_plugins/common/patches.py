"""The patches that show a concept best."""

from __future__ import annotations

from typing import Final

from PIL import Image

from jarvis_memory.concept import Concept
from jarvis_memory.memory import PersonalMemory
from jarvis_retrievers.patches import crop

__all__ = ["best_patches"]

_SIDE: Final = 224


def best_patches(memory: PersonalMemory, concept: Concept, most: int) -> list[Image.Image]:
    """The ``most`` best patches of a concept as it is now, squares of 224 pixels, best first."""
    best = sorted(concept.now.patches, key=lambda patch: -patch.score)[:most]
    return [crop(memory.photo(patch.photo_id), patch.box, _SIDE) for patch in best]
