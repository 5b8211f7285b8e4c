"""An owner who has nothing yet gets all that an archive holds."""

from __future__ import annotations

import os

from jarvis_retrievers.errors import JarvisError, SettingError

from .contracts import BlobRef, BlobStore, Catalogue
from .holdings import Holdings
from .importing import OwnerArchive
from .items import OwnerItems
from .manifest import Manifest

__all__ = ["import_owner", "put_photos", "refuse_full", "write_owner"]


def import_owner(
    home: str | os.PathLike[str], archive: str | os.PathLike[str], *, owner: str | None = None
) -> Manifest:
    """Make an owner of an archive, in a home that is there or a new one.

    Args:
        home: see `OwnerStore.open`.
        archive: a file that `OwnerStore.export` made.
        owner: whose it becomes; by default whose it was.

    Raises: see `OwnerArchive`, `OwnerStore.open` and `OwnerStore.import_from`.
    """
    from .owner import OwnerStore  # it uses what is here

    with (
        OwnerArchive(archive) as opened,
        OwnerStore.open(home, opened.manifest.owner if owner is None else owner) as store,
    ):
        return store.import_from(opened)


def write_owner(
    archive: OwnerArchive,
    catalogue: Catalogue,
    items: OwnerItems | None,
    owner: str,
    photos: list[list[BlobRef]],
) -> None:
    """Write all rows of an archive, inside of `Catalogue.writing`: then it is there whole, or not at all.

    Rows are new, their digests and keys are those of the new owner. Ids of concepts and photos stay for the
    same owner, so that items that point to photos still do; another owner gets new ones, and the items point
    to those.

    Args:
        archive: what is written.
        catalogue, items: where.
        owner: whose it becomes; there must be nothing of this owner.
        photos: of each concept, as `put_photos` stored them.

    Raises:
        SettingError: there is something already, or there are items and no place for them.
    """
    refuse_full(catalogue.holdings(owner), owner)
    if items is None and archive.manifest.counts.items:
        raise SettingError("the archive holds items, and this catalogue has no place for them; use a home")
    same, renamed = owner == archive.manifest.owner, dict[str, str]()
    for read, blobs in zip(archive.concepts(), photos, strict=True):
        rows = read.rows(owner, blobs, keep=same)
        renamed |= {old.id: new.id for old, new in zip(read.concept.photos, rows.concept.photos, strict=True)}
        added = catalogue.add(owner, rows)
        if read.encoder:
            catalogue.put_texts(owner, added.id, added.updated, read.encoder, read.texts)
    if items is not None and archive.manifest.counts.items:
        items.put_back(archived.renamed(renamed).item for archived in archive.items())


def refuse_full(held: Holdings, owner: str) -> None:
    """Let only an owner pass who has nothing.

    Raises:
        SettingError: there is something.
    """
    if held.concepts.count or held.items.count:
        raise SettingError(
            f"the owner {owner!r} has {held.concepts.count} concepts and {held.items.count} items already; "
            "import into another owner with --owner, or forget this one first"
        )


def put_photos(archive: OwnerArchive, blobs: BlobStore, owner: str) -> list[list[BlobRef]]:
    """Store the photos of each concept; if that fails, none of them is left."""
    done: list[list[BlobRef]] = []
    try:
        for read in archive.concepts():
            done.append([])
            for photo in read.draft.checked_photos:
                done[-1].append(blobs.put(owner, "photo", photo.data))
    except JarvisError:
        blobs.delete(owner, [ref for refs in done for ref in refs])
        raise
    return done
