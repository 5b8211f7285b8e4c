"""All that one owner has: concepts, photos, vectors, segments. There is no way in without an owner."""

from __future__ import annotations

import builtins
import secrets
import warnings
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Self

from jarvis_retrievers.errors import SettingError, StoreError, UnknownConceptError
from jarvis_retrievers.log import log, owner_tag

from ..concept import Concept, name_key
from .blobs import FileBlobStore
from .catalogue import SQLiteCatalogue
from .contracts import BlobRef, BlobStore, Catalogue
from .draft import ConceptDraft
from .holdings import Around, Holdings
from .home import check_owner
from .known import KnownConcepts
from .master_key import MasterKey
from .names import resolve
from .owner_caches import OwnerCaches
from .owner_upkeep import OwnerUpkeep
from .photos import get_photo, with_photos
from .places import Blobs, Place, open_place
from .quota import Quota, quota_key
from .receipt import Receipt, Receipts
from .recovery import recover, sweep_old_or_warn
from .reserve import with_room
from .segment_cache import SegmentCache
from .segments import FileSegmentCache
from .tiers import Tiers

__all__ = ["OwnerStore"]

_GRACE = 3600.0


class OwnerStore(OwnerCaches, OwnerUpkeep):
    """One owner's part of a home. Use `open`; the constructor takes any implementations of the contracts.

    Threads may share it. Close it, or use it as a context manager.

    Args:
        owner: see `check_owner`.
        catalogue, blobs, segments: where the record and the bytes are; segments in these two, or in `Tiers`.
        quota: limits what this store writes, besides those that are stored.
    """

    def __init__(
        self,
        owner: str,
        catalogue: Catalogue,
        blobs: BlobStore,
        segments: SegmentCache | Tiers | None = None,
        quota: Quota | None = None,
    ) -> None:
        self.owner = check_owner(owner)
        self._catalogue, self._blobs = catalogue, blobs
        stored = FileSegmentCache(catalogue, blobs)
        tiers = segments.over(catalogue, stored) if isinstance(segments, Tiers) else segments
        self._segments: SegmentCache = tiers or stored
        self._known = KnownConcepts(catalogue, self.owner)
        self._receipts, self._opened_with = Receipts(), quota or Quota()

    @classmethod
    def open(
        cls,
        home: Place,
        owner: str,
        *,
        blobs: Blobs | None = None,
        segments: Tiers | None = None,
        read_only: bool = False,
        busy_timeout: float = 30.0,
        accept_loss: bool = False,
        key: MasterKey | None = None,
        quota: Quota | None = None,
    ) -> Self:
        """Open a home, or make it (0700), and finish what was being forgotten when the last process ended.

        Args:
            home: a folder; ``~`` is understood; or ``postgresql://...``, see `open_place`.
            owner: see `check_owner`.
            blobs: for a cluster, where photos and segments are; see `BlobPlace.parse`.
            segments: where segments are besides; see `Tiers`.
            read_only: refuse writes even if they were possible.
            busy_timeout: seconds to wait for another process's write.
            accept_loss: go on with what is there if acknowledged writes are lost.
            key: of an encrypted home; see `open_home`.
            quota: see `OwnerStore`.

        Raises: see `open_place`.

        Warns:
            RuntimeWarning: what was being forgotten could not be finished now (disk full, others reading).
        """
        check_owner(owner)
        catalogue, bytes_of = open_place(
            home, blobs, read_only=read_only, busy_timeout=busy_timeout, accept_loss=accept_loss, key=key
        )
        try:
            store = cls(owner, catalogue, bytes_of, segments, quota)
            if not store.read_only:
                store._finish_forgetting_or_warn()
                # A server sees to its own recovery, and who else writes there nobody here can know.
                if isinstance(catalogue, SQLiteCatalogue) and isinstance(bytes_of, FileBlobStore):
                    sweep_old_or_warn(catalogue, bytes_of, owner)
                    recover(Path(home).expanduser(), catalogue, bytes_of, _GRACE)
        except BaseException:
            catalogue.close()
            raise
        return store

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""
        return self._catalogue.read_only

    def add_concept(self, draft: ConceptDraft, around: Around | None = None) -> Concept:
        """Remember a concept: photos first, then one commit. It is there whole and durably, or not at all.
        ``around`` is entered in that transaction, before the write: what it raises undoes all.

        Raises:
            DuplicateConceptError: there is a concept of this name.
            InputError: its vectors have another length than the owner's others.
            QuotaError: there would be more than is allowed.
            StoreError: the owner was forgotten meanwhile.
        """
        concept_id = secrets.token_hex(16)
        with self._photos(draft, concept_id, around) as blobs:
            return self._catalogue.add(self.owner, draft.rows(self.owner, concept_id, blobs))

    def replace_concept(self, concept_id: str, draft: ConceptDraft, around: Around | None = None) -> Concept:
        """Write a concept anew, in one commit; its id and age stay, its segments and old photos go.

        ``around`` is as for `add_concept`. Vectors of a new length are let through here, as this is the way
        to another encoder; until all concepts are replaced, `vectors` says that they are mixed.

        Raises:
            UnknownConceptError: no such concept. DuplicateConceptError: another concept has this name.
            QuotaError: there would be more than is allowed, and than there was.
            StoreError: the owner was forgotten meanwhile.
        """
        with self._photos(draft, concept_id, around) as blobs:
            rows = draft.rows(self.owner, concept_id, blobs)
            concept, unused = self._catalogue.replace(self.owner, rows)
        self._blobs.delete(self.owner, unused)
        return concept

    def get(self, name: str) -> Concept:
        """The concept of this name or, if no name fits, the only one with this alias; case does not matter.

        Raises:
            UnknownConceptError: there is none, or several have this alias; the message lists close names.
        """
        found = self._catalogue.named(self.owner, name_key(name))
        return resolve(name, self.list()) if found is None else found

    def find(self, concept_id: str) -> Concept:
        """The concept of this id; UnknownConceptError if there is none."""
        found = self._catalogue.concept(self.owner, concept_id)
        if found is None:
            raise UnknownConceptError(f"no concept has the id {concept_id!r}; it may have been forgotten")
        return found

    def list(self) -> list[Concept]:
        """All concepts, oldest first."""
        return self._known.list()

    def photo(self, photo_id: str) -> bytes:
        """A photo's bytes, exactly as they were given.

        Raises:
            UnknownConceptError: there is no such photo. CorruptRecordError: it is damaged.
        """
        return get_photo(self._catalogue, self._blobs, self.owner, photo_id)

    def forget(self, name: str) -> Concept:
        """Forget a concept: afterwards no byte of it is in any file of the home.

        Returns:
            The concept as it was.

        Raises:
            UnknownConceptError: there is none of this name.
            CorruptRecordError: its record is damaged; `erase` forgets it without reading it.
            StoreError: it is hidden for good, but the disk is full or another process is reading: `sweep`
                finishes.
        """
        concept = self.get(name)
        self.erase(concept.id)
        return concept

    def erase(self, concept_id: str) -> Receipt:
        """Forget a concept by id, unread; of an unknown id nothing is left to do."""
        held: list[Holdings] = []
        with_room(partial(self._erase, concept_id, held), self._catalogue.free_room)
        return self._receipts.add(Receipt.of("concept", self.owner, (concept_id,), held[0]))

    def _erase(self, concept_id: str, held: builtins.list[Holdings]) -> None:
        with self._catalogue.writing():
            held.append(self._catalogue.holdings(self.owner, concept_id))
            blobs = self._catalogue.tombstone(self.owner, concept_id)
        self._known.clear()
        self._segments.delete(self.owner, concept_id)
        self._blobs.delete(self.owner, blobs)
        # Snapshots know the ids of its vectors, and where these were.
        self.drop_snapshots()
        self._catalogue.erase(self.owner, [concept_id])
        log("memory.forgotten", owner=owner_tag(self.owner), concept=concept_id)

    def delete_owner(self) -> Receipt:
        """Forget everything of this owner: concepts, items, the key and the quota."""
        held: list[tuple[tuple[str, ...], Holdings]] = []
        with_room(partial(self._delete_owner, held), self._catalogue.free_room)
        return self._receipts.add(Receipt.of("owner", self.owner, *held[0]))

    def _delete_owner(self, held: builtins.list[tuple[tuple[str, ...], Holdings]]) -> None:
        # First and durably: what comes next may be cut short, and is worth nothing without it.
        self._catalogue.destroy_key(self.owner)
        with self._catalogue.writing():
            ids = (*self._catalogue.ids(self.owner), *self._catalogue.tombstones(self.owner))
            held.append((ids, self._catalogue.holdings(self.owner)))
            blobs = self._catalogue.tombstone(self.owner, None)
            self._catalogue.put_setting(quota_key(self.owner), None)
        self._known.clear()
        self._segments.delete_owner(self.owner)
        self._blobs.delete(self.owner, blobs)
        self.drop_snapshots()
        # Also those that no row points to: a write that was cut short may have left them.
        self._blobs.delete_owner(self.owner)
        self._catalogue.delete_owner(self.owner)
        log("memory.left", owner=owner_tag(self.owner))

    def sweep(self, grace: float = _GRACE) -> int:
        """Finish what was being forgotten, and delete files that nothing points to; returns how many.

        Args:
            grace: seconds that such a file must have lain there: it may belong to a write that is going on.
        """
        if grace < 0:
            raise SettingError(f"the grace period must be 0 seconds or more, got {grace}")
        self._finish_forgetting()
        return self._blobs.sweep(self._catalogue.live_blobs(), grace)

    def close(self) -> None:
        """Let go of the home's files; again does nothing."""
        self._known.clear()
        self._catalogue.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _photos(
        self, draft: ConceptDraft, concept_id: str, around: Around | None
    ) -> AbstractContextManager[tuple[BlobRef, ...]]:
        of = (self._catalogue, self._blobs, self.owner)
        return with_photos(*of, draft, concept_id, self._limited(), around)

    def _finish_forgetting(self) -> None:
        if self._catalogue.key_destroyed(self.owner):
            self.delete_owner()
        for concept_id in self._catalogue.tombstones(self.owner):
            self.erase(concept_id)
        self._segments.tidy(self.owner)
        self._catalogue.tidy()

    def _finish_forgetting_or_warn(self) -> None:
        try:
            self._finish_forgetting()
        except StoreError as error:
            # What is left is hidden already; a full disk must not keep the owner from reading the rest.
            log("home.unfinished", owner=owner_tag(self.owner), error=error)
            message = f"forgetting could not be finished, sweep() tries again: {error}"
            warnings.warn(message, RuntimeWarning, stacklevel=3)
