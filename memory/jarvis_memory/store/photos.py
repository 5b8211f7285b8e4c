"""The blobs of a concept's photos."""

from __future__ import annotations

from .contracts import BlobRef, BlobStore
from .draft import ConceptDraft

__all__ = ["bound_to", "put_photos"]


def bound_to(concept_id: str, photo_id: str) -> str:
    """What the blob of a photo belongs to."""
    return f"{concept_id}/{photo_id}"


def put_photos(blobs: BlobStore, owner: str, draft: ConceptDraft, concept_id: str) -> tuple[BlobRef, ...]:
    """Store the photos of a draft for the concept that it will be, in order."""
    return tuple(
        blobs.put(owner, "photo", photo.data, bound=bound_to(concept_id, photo_id))
        for photo, photo_id in zip(draft.checked_photos, draft.photo_ids, strict=True)
    )
