"""Concepts to store: small, with real photos and vectors, and the same for the same seeds."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image

from jarvis_memory.store import ConceptDraft, DraftPatch, DraftPhoto
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.images import encode_png, pixel_digest
from jarvis_retrievers.reference import ColourEncoder

__all__ = ["PHOTO", "drawn", "note"]

PHOTO = (24, 18)
"""Width and height in pixels of a drawn photo."""

_BOXES = (Box(0, 0, *PHOTO), Box(0, 0, 12, 9))
_ENCODER = ColourEncoder()


def note(seed: int) -> str:
    """A note with a word that stands nowhere else: to look for after it was forgotten."""
    return f"Marker{seed:09d} is what the note says."


@lru_cache(maxsize=4096)
def _photo(seed: int) -> tuple[DraftPhoto, tuple[DraftPatch, ...]]:
    pixels = np.random.default_rng(seed).integers(0, 256, (PHOTO[1], PHOTO[0], 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    vectors = _ENCODER.encode_images([image.crop((b.left, b.top, b.right, b.bottom)) for b in _BOXES])
    patches = (
        DraftPatch(0, box, 0.9 - n / 10, 0.5, 0.4, vector)
        for n, (box, vector) in enumerate(zip(_BOXES, vectors, strict=True))
    )
    return DraftPhoto(encode_png(image), pixel_digest(image), *PHOTO), tuple(patches)


@lru_cache(maxsize=4096)
def drawn(name: str, seeds: tuple[int, ...]) -> ConceptDraft:
    """A concept with a note, a photo and two patches for each seed."""
    parts = [_photo(seed) for seed in seeds]
    notes = tuple(note(seed) for seed in seeds)
    return ConceptDraft(
        name=name,
        notes=notes,
        photos=[photo for photo, _ in parts],
        patches=[
            DraftPatch(number, p.box, p.relevance, p.distinctiveness, p.score, p.vector)
            for number, (_, patches) in enumerate(parts)
            for p in patches
        ],
        profile_vectors=_ENCODER.encode_texts(notes[:1]),
        encoder=_ENCODER.fingerprint,
    )
