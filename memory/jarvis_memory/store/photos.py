"""The blobs of a concept's photos."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from jarvis_retrievers.errors import (
    CorruptRecordError,
    InputError,
    LockedHomeError,
    QuotaError,
    StoreError,
    UnknownConceptError,
)

from .contracts import BlobRef, BlobStore, Catalogue
from .draft import ConceptDraft
from .holdings import Around

__all__ = ["bound_to", "check_there", "get_photo", "put_photos", "with_photos"]


def bound_to(concept_id: str, photo_id: str) -> str:
    """What the blob of a photo belongs to."""
    return f"{concept_id}/{photo_id}"


def put_photos(blobs: BlobStore, owner: str, draft: ConceptDraft, concept_id: str) -> tuple[BlobRef, ...]:
    """Store the photos of a draft for the concept that it will be, in order."""
    return tuple(
        blobs.put(owner, "photo", photo.data, bound=bound_to(concept_id, photo_id))
        for photo, photo_id in zip(draft.checked_photos, draft.photo_ids, strict=True)
    )


@contextmanager
def with_photos(
    catalogue: Catalogue,
    blobs: BlobStore,
    owner: str,
    draft: ConceptDraft,
    concept_id: str,
    write: AbstractContextManager[None],
    around: Around | None,
) -> Iterator[tuple[BlobRef, ...]]:
    """Photos of a draft, durable, and then the transaction that is to point to them.

    Args:
        catalogue, blobs, owner: where, and whose.
        draft, concept_id: see `put_photos`.
        write: the transaction.
        around: entered in it.

    Raises:
        StoreError: the owner was forgotten meanwhile, and the photos with them.
    """
    refs = put_photos(blobs, owner, draft, concept_id)
    try:
        with write, around or nullcontext():
            yield refs
            check_there(catalogue, blobs, owner, refs)
    except (InputError, LockedHomeError, QuotaError):
        # Refused before the commit: nothing points to them. After other failures they wait for a sweep.
        blobs.delete(owner, refs)
        raise


def check_there(catalogue: Catalogue, blobs: BlobStore, owner: str, refs: Collection[BlobRef]) -> None:
    """See that photos which were put a while ago are still there, inside of the write that points to them.

    Raises:
        StoreError: one is gone, and all of them are deleted: their owner was forgotten, or a sweep elsewhere
            found it old, and nothing that pointed to it.
    """
    for ref in refs:
        # A server ends a transaction in which nothing is asked for too long, and a bucket may take its time.
        catalogue.owner_key(owner)
        if not blobs.exists(owner, ref):
            blobs.delete(owner, refs)
            raise StoreError(
                "photos were swept, or their owner was forgotten, while they were being written, so nothing "
                "was written; let nobody sweep meanwhile, and do it again"
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
