"""The blobs of a concept's photos."""

from __future__ import annotations

from jarvis_retrievers.errors import CorruptRecordError, UnknownConceptError

from .contracts import BlobRef, BlobStore, Catalogue
from .draft import ConceptDraft

__all__ = ["bound_to", "get_photo", "put_photos"]


def bound_to(concept_id: str, photo_id: str) -> str:
    """What the blob of a photo belongs to."""
    return f"{concept_id}/{photo_id}"


def put_photos(blobs: BlobStore, owner: str, draft: ConceptDraft, concept_id: str) -> tuple[BlobRef, ...]:
    """Store the photos of a draft for the concept that it will be, in order."""
    return tuple(
        blobs.put(owner, "photo", photo.data, bound=bound_to(concept_id, photo_id))
        for photo, photo_id in zip(draft.checked_photos, draft.photo_ids, strict=True)
    )


def get_photo(catalogue: Catalogue, blobs: BlobStore, owner: str, photo_id: str) -> bytes:
    """A photo's bytes; see `OwnerStore.photo`."""
    found = catalogue.photo(owner, photo_id)
    while found is not None:
        concept_id, blob = found
        try:
            return blobs.get(owner, blob, bound=bound_to(concept_id, photo_id))
        except CorruptRecordError as error:
            # A concept that was forgotten or replaced meanwhile has lost its photo, not damaged it.
            again = catalogue.photo(owner, photo_id)
            concept = catalogue.concept(owner, concept_id)
            if again == found and concept is not None:
                message = f"a photo of {concept.name!r} is damaged: {error}; give {concept.name!r} its photos"
                raise CorruptRecordError(f"{message} again") from error
            found = None if again == found else again
    if any(photo.id == photo_id for concept in catalogue.concepts(owner) for photo in concept.photos):
        raise CorruptRecordError(
            f"an index does not know the photo with id {photo_id!r}; run `jarvis verify --repair`"
        )
    raise UnknownConceptError(
        f"no photo has the id {photo_id!r}; its concept may have been updated or forgotten"
    )
