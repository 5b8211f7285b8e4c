"""What retrieval has indexed of an owner's concepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from jarvis_retrievers.faiss_index import FaissIndex
from jarvis_retrievers.retrieval import Entry
from jarvis_retrievers.text_index import TextIndex
from jarvis_retrievers.words import WordIndex

from .concept import Concept
from .outer_index import OuterIndex

__all__ = ["View", "whole_patches"]


@dataclass(frozen=True)
class View:
    """What was indexed: it is made anew when a concept changes, in this process or in another.

    Attributes:
        state: id and version of each concept.
        concepts, entries: by id.
        words: of the profiles.
        whose: whose each vector is that pictures are compared with.
        index, texts: the vectors, and those of a text encoder; views that follow each other share them.
        thresholds: of concepts that one was worked out for.
    """

    state: tuple[tuple[str, int], ...]
    concepts: dict[str, Concept]
    entries: dict[str, Entry]
    words: WordIndex
    whose: dict[int, str]
    index: FaissIndex | OuterIndex
    texts: TextIndex | None
    thresholds: dict[str, float] = field(default_factory=dict)


def whole_patches(concept: Concept, patches: Sequence[int], scale: float) -> tuple[int, ...]:
    """Of a concept's patch vectors those of patches that show it whole; all of them if none does."""
    sizes = {photo.id: min(photo.width, photo.height) for photo in concept.photos}
    # A side was rounded to whole pixels once.
    wide = {
        patch.id
        for patch in concept.patches
        if min(patch.box.width, patch.box.height) + 1 >= scale * sizes[patch.photo_id]
    }
    return tuple(vector_id for vector_id in patches if vector_id in wide) or tuple(patches)
