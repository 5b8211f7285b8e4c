"""What is done to all of an owner's part now and then: count, limit, check, write out."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from jarvis_retrievers.errors import HomeReadOnlyError, InputError, LockedHomeError, QuotaError

from .blobs import FileBlobStore
from .contracts import BlobStore, Catalogue, Usage, VectorRows
from .holdings import Holdings
from .item_store import ItemStore
from .keys import Field, keyed
from .photos import check_there
from .places import found_items
from .quota import HOME_QUOTA, Quota, limited, quota_key, quota_of
from .receipt import AtHand, Receipt, Receipts
from .segment_cache import SegmentCache
from .verify import Finding, told, verify

if TYPE_CHECKING:
    from .importing import OwnerArchive
    from .manifest import Manifest

__all__ = ["OwnerUpkeep"]


class OwnerUpkeep:
    """Part of `OwnerStore`."""

    owner: str
    _catalogue: Catalogue
    _blobs: BlobStore
    _segments: SegmentCache
    _receipts: Receipts
    _opened_with: Quota

    def vectors(self, concepts: Collection[str] | None = None) -> VectorRows:
        """All vectors, or those of some concepts, by rising id; see `VectorRows`.

        Raises:
            InputError: two encoders made them.
        """
        return self._catalogue.vectors(self.owner, concepts)

    def setting(self, key: str) -> str | None:
        """See `Catalogue.setting`."""
        return self._catalogue.setting(key)

    def put_setting(self, key: str, value: str | None) -> None:
        """See `Catalogue.put_setting`."""
        self._catalogue.put_setting(key, value)

    def keyed(self, domain: str, *fields: Field) -> bytes | None:
        """HMAC of fields under the owner's key, 32 bytes (`keys.keyed`); None before the first concept."""
        key = self._catalogue.owner_key(self.owner)
        return None if key is None else keyed(key, domain, *fields)

    def verify(self, *, deep: bool = False, repair: bool = False) -> Iterator[Finding]:
        """See `verify`."""
        return told(verify(self._catalogue, self._blobs, self.owner, deep=deep, repair=repair), self.owner)

    def usage(self) -> Usage:
        """Bytes of this owner's photos, vectors and segments."""
        return self._catalogue.usage(self.owner)._replace(segments=self._segments.nbytes(self.owner))

    def nbytes(self) -> int:
        """All of `usage` together."""
        return sum(self.usage())

    def holdings(self) -> Holdings:
        """All that this owner has, counted by kind."""
        return self._catalogue.holdings(self.owner)

    @property
    def quota(self) -> Quota:
        """What limits this owner: the own quota, or that of the home, and the one that was opened with."""
        return quota_of(self._catalogue, self.owner).least(self._opened_with)

    def stored_quota(self, *, for_home: bool = False) -> Quota:
        """What was put for this owner, or for the home."""
        return Quota.from_json(self._catalogue.setting(HOME_QUOTA if for_home else quota_key(self.owner)))

    def put_quota(self, quota: Quota | None, *, for_home: bool = False) -> None:
        """Limit this owner, or all owners who have no number of their own; None takes the limit away.

        What is there already stays, even if it is more; it can then only become less.
        """
        key = HOME_QUOTA if for_home else quota_key(self.owner)
        limits = quota is not None and quota.limits
        self._catalogue.put_setting(key, quota.to_json() if quota is not None and limits else None)

    @property
    def items(self) -> ItemStore | None:
        """What agents keep for this owner; None where the catalogue keeps none."""
        return found_items(self._catalogue, self.owner, quota=self._opened_with)

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """One for each concept that this store has forgotten since it was opened, the last 256."""
        return self._receipts.list()

    def amend_receipt(self, concepts: tuple[str, ...], at_hand: AtHand) -> Receipt | None:
        """Write into the last receipt for these concepts what was dropped from memory; returns it."""
        return self._receipts.amend(concepts, at_hand)

    def export(self, path: str | os.PathLike[str]) -> Manifest:
        """Write all of this owner's record into one file; see `export_owner`."""
        from .exporting import export_owner

        return export_owner(self._catalogue, self._blobs, self.items, self.owner, path)

    def import_from(self, archive: OwnerArchive) -> Manifest:
        """Write all of an archive, whole or not at all, into this owner, who must have nothing yet.

        Raises:
            SettingError: this owner has something. QuotaError: it is more than is allowed.
            HomeReadOnlyError: the home cannot be written. StoreError: a sweep took photos meanwhile.
        """
        from .filling import put_photos, refuse_full, write_owner

        if self._catalogue.read_only:
            raise HomeReadOnlyError("this home cannot be written; check its permissions, nothing was changed")
        refuse_full(self._catalogue.holdings(self.owner), self.owner)
        if isinstance(self._blobs, FileBlobStore):
            # Whatever cuts this short between the photos and their rows, they are swept.
            self._blobs.expect_orphans()
        placed = put_photos(archive, self._blobs, self.owner)
        refs = [blob for one in placed for blob in one.blobs]
        try:
            with self._limited():
                write_owner(archive, self._catalogue, self.items, self.owner, placed)
                check_there(self._catalogue, self._blobs, self.owner, refs)
        except (InputError, LockedHomeError, QuotaError):
            # Refused before the commit: nothing points to them. After other failures they wait for a sweep.
            self._blobs.delete(self.owner, refs)
            raise
        return archive.manifest

    def _limited(self) -> AbstractContextManager[None]:
        """Writes that are one transaction, which the quota may refuse."""
        return limited(self._catalogue, self.owner, self._opened_with)
