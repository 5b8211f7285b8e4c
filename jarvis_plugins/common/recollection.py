"""A recollection as text and metadata, the same in every framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from jarvis_memory.answer import Recollection
from jarvis_memory.intake import Photo
from jarvis_memory.memory import PersonalMemory
from jarvis_memory.profile import profile_text

__all__ = ["Recalling", "metadata_of", "text_of"]


@dataclass(frozen=True, slots=True)
class Recalling:
    """Which concepts a retriever hands on.

    Attributes:
        k: the most, at least 1.
        least: leave out what has less likeness, in [0, 1]; None for all that are found.
        test: which concepts may be handed on; None for all.
    """

    k: int
    least: float | None = None
    test: Callable[[Recollection], bool] | None = None

    def of(self, memory: PersonalMemory, query: str, images: Sequence[Photo]) -> list[Recollection]:
        """The concepts that a query or pictures are about, best first.

        Raises:
            InputError: ``k`` is less than 1. ImageError: a picture that cannot be used.
        """
        # Everybody who is found: what a test leaves out makes room for others.
        everyone = self.k if self.test is None else max(self.k, len(memory.list()))
        found = memory.recall(query, images, everyone)
        near = (one for one in found if self.least is None or one.likeness >= self.least)
        return [one for one in near if self.test is None or self.test(one)][: self.k]


def text_of(found: Recollection) -> str:
    """The profile as the VLM reads it, or at least the name."""
    return profile_text(found.concept.profile).rstrip("\n") or found.concept.name


def metadata_of(found: Recollection) -> dict[str, Any]:
    """What is known of a recollection, in plain values.

    ``concept`` (its name), ``concept_id``, ``category``, ``aliases``, ``score`` (fused; only its order has a
    meaning), ``likeness`` in [0, 1], ``why`` (what each path found), ``photos`` (ids that
    `PersonalMemory.photo` reads), ``patches`` (photo, box, score) and ``segment`` (the concept's id and
    version, as segments are kept under).
    """
    concept = found.concept
    why = {"name": found.by_name, "words": found.by_words, "text": found.by_text, "image": found.by_image}
    seen = None
    if found.region is not None:
        number, box = found.region
        seen = {"image": number, "box": list(astuple(box))}
    return {
        "concept": concept.name,
        "concept_id": concept.id,
        "category": concept.profile.category,
        "aliases": list(concept.aliases),
        "score": found.score,
        "likeness": found.likeness,
        "why": {path: score for path, score in why.items() if score is not None}
        | ({"region": seen} if seen else {})
        | ({"via": found.via or "history"} if found.via is not None else {}),
        "photos": [photo.id for photo in concept.photos],
        "patches": [
            {"photo": p.photo_id, "box": list(astuple(p.box)), "score": p.score} for p in concept.patches
        ],
        "segment": f"{concept.id}:{concept.updated}",
    }
