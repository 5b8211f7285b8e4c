"""An owner who has nothing yet gets all that an archive holds."""

from __future__ import annotations

import os
import secrets

from jarvis_retrievers.errors import SettingError

from .contracts import BlobStore, Catalogue
from .holdings import Holdings
from .importing import OwnerArchive, Placed
from .item_store import ItemStore
from .manifest import Manifest
from .master_key import MasterKey
from .photos import bound_to
from .places import Blobs, Place

__all__ = ["import_owner", "put_photos", "refuse_full", "write_owner"]


def import_owner(
    home: Place,
    archive: str | os.PathLike[str],
    *,
    owner: str | None = None,
    blobs: Blobs | None = None,
    key: MasterKey | None = None,
) -> Manifest:
    """Make an owner of an archive, in a home that is there or a new one.

    Args:
        home: see `OwnerStore.open`.
        archive: a file that `OwnerStore.export` made.
        owner: whose it becomes; by default whose it was.
        blobs: for a cluster, where photos are to be.
        key: of an encrypted home; see `OwnerStore.open`.

    Raises: see `OwnerArchive`, `OwnerStore.open` and `OwnerStore.import_from`.
    """
    from .owner import OwnerStore  # it uses what is here

    with (
        OwnerArchive(archive) as opened,
        OwnerStore.open(
            home, opened.manifest.owner if owner is None else owner, blobs=blobs, key=key
        ) as store,
    ):
        return store.import_from(opened)


def write_owner(
    archive: OwnerArchive,
    catalogue: Catalogue,
    items: ItemStore | None,
    owner: str,
    placed: list[Placed],
) -> None:
    """Write all rows of an archive, inside of `Catalogue.writing`: then it is there whole, or not at all.

    Rows are new, their digests and keys are those of the new owner. Ids of concepts and photos stay for the
    same owner, so that items that point to photos still do; another owner gets new ones, and the items point
    to those.

    Args:
        archive: what is written.
        catalogue, items: where.
        owner: whose it becomes; there must be nothing of this owner.
        placed: what `put_photos` gave.

    Raises:
        SettingError: there is something already, or there are items and no place for them.
    """
    refuse_full(catalogue.holdings(owner), owner)
    if items is None and archive.manifest.counts.items:
        raise SettingError("the archive holds items, and this catalogue has no place for them; use a home")
    renamed = dict[str, str]()
    for read, place in zip(archive.concepts(), placed, strict=True):
        rows = read.rows(owner, place)
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


def put_photos(archive: OwnerArchive, blobs: BlobStore, owner: str) -> list[Placed]:
    """Store the photos of each concept, under the ids that both will have; if that fails, none is left."""
    keep, done = owner == archive.manifest.owner, list[Placed]()
    try:
        for read in archive.concepts():
            ids = [photo.id for photo in read.concept.photos]
            place = Placed(
                read.concept.id if keep else secrets.token_hex(16),
                tuple(ids if keep else (secrets.token_hex(16) for _ in ids)),
                [],
            )
            done.append(place)
            for photo, photo_id in zip(read.draft.checked_photos, place.photos, strict=True):
                bound = bound_to(place.concept, photo_id)
                place.blobs.append(blobs.put(owner, "photo", photo.data, bound=bound))
    except BaseException:
        blobs.delete(owner, [ref for place in done for ref in place.blobs])
        raise
    return done
