"""What was found, in plain values."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from jarvis_memory.answer import Recollection

__all__ = ["concept_facts"]


def concept_facts(found: Recollection) -> dict[str, Any]:
    """A concept that was found as values that JSON has.

    They are ``concept`` (its name), ``concept_id``, ``category``, ``aliases``, ``score`` (fused; only its
    order has a meaning), ``likeness`` in [0, 1], ``why`` (what each path found), ``photos`` (ids that
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
