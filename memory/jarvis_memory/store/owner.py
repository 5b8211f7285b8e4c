"""All that one owner has: concepts, photos, vectors, segments. There is no way in without an owner."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from jarvis_retrievers.errors import (
    CorruptRecordError,
    HomeReadOnlyError,
    InputError,
    SettingError,
    StoreError,
    UnknownConceptError,
)

from ..concept import Concept, name_key
from .contracts import BlobRef, BlobStore, Catalogue, SegmentCache, Usage, VectorRows
from .draft import ConceptDraft
from .home import check_owner
from .known import KnownConcepts
from .names import resolve
from .owner_caches import OwnerCaches
from .places import Blobs, Place, open_place
from .recovery import recover
from .reserve import with_room
from .segments import FileSegmentCache
from .verify import Finding, verify

__all__ = ["OwnerStore"]

_GRACE = 3600.0


class OwnerStore(OwnerCaches):
    """One owner's part of a home. Use `open`; the constructor takes any implementations of the contracts.

    Threads may share it. Close it, or use it as a context manager.

    Args:
        owner: see `check_owner`.
        catalogue, blobs, segments: where the record and the bytes are; segments by default in the same two.
    """

    def __init__(
        self, owner: str, catalogue: Catalogue, blobs: BlobStore, segments: SegmentCache | None = None
    ) -> None:
        self.owner = check_owner(owner)
        self._catalogue = catalogue
        self._blobs = blobs
        self._segments: SegmentCache = segments or FileSegmentCache(catalogue, blobs)
        self._known = KnownConcepts(catalogue, self.owner)

    @classmethod
    def open(
        cls,
        home: Place,
        owner: str,
        *,
        blobs: Blobs | None = None,
        read_only: bool = False,
        busy_timeout: float = 30.0,
        accept_loss: bool = False,
    ) -> Self:
        """Open a home, or make it (0700), and finish what was being forgotten when the last process ended.

        Args:
            home: a folder; ``~`` is understood; or ``postgresql://...``, see `open_place`.
            owner: see `check_owner`.
            blobs: for a cluster, where photos and segments are.
            read_only: refuse writes even if they were possible.
            busy_timeout: seconds to wait for another process's write.
            accept_loss: go on with what is there if acknowledged writes are lost.

        Raises: see `open_home`.

        Warns:
            RuntimeWarning: what was being forgotten could not be finished now (disk full, others reading).
        """
        check_owner(owner)
        catalogue, bytes_of = open_place(
            home, blobs, read_only=read_only, busy_timeout=busy_timeout, accept_loss=accept_loss
        )
        try:
            store = cls(owner, catalogue, bytes_of)
            if not store.read_only:
                store._finish_forgetting_or_warn()
                recover(Path(home).expanduser(), catalogue, bytes_of, _GRACE)
        except BaseException:
            catalogue.close()
            raise
        return store

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""
        return self._catalogue.read_only

    def add_concept(self, draft: ConceptDraft) -> Concept:
        """Remember a concept: photos first, then one commit. It is there whole and durably, or not at all.

        Raises:
            DuplicateConceptError: there is a concept of this name.
            InputError: its vectors have another length than the owner's others.
        """
        blobs = self._put_photos(draft)
        try:
            return self._catalogue.add(self.owner, draft.rows(self.owner, secrets.token_hex(16), blobs))
        except InputError:
            # Refused before the commit: nothing points to them. After other failures they wait for a sweep.
            self._blobs.delete(self.owner, blobs)
            raise

    def replace_concept(self, concept_id: str, draft: ConceptDraft) -> Concept:
        """Write a concept anew, in one commit; its id and age stay, its segments and old photos go.

        Vectors of a new length are let through here, as this is the way to another encoder; until all
        concepts are replaced, `vectors` says that they are mixed.

        Raises:
            UnknownConceptError: no such concept. DuplicateConceptError: another concept has this name.
        """
        blobs = self._put_photos(draft)
        try:
            concept, unused = self._catalogue.replace(self.owner, draft.rows(self.owner, concept_id, blobs))
        except InputError:
            self._blobs.delete(self.owner, blobs)
            raise
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
        found = self._catalogue.photo(self.owner, photo_id)
        while found is not None:
            concept_id, blob = found
            try:
                return self._blobs.get(self.owner, blob)
            except CorruptRecordError as error:
                # A concept that was forgotten or replaced meanwhile has lost its photo, not damaged it.
                again = self._catalogue.photo(self.owner, photo_id)
                if again == found:
                    name = self.find(concept_id).name
                    message = f"a photo of {name!r} is damaged: {error}; give {name!r} its photos again"
                    raise CorruptRecordError(message) from error
                found = again
        if any(photo.id == photo_id for concept in self.list() for photo in concept.photos):
            raise CorruptRecordError(
                f"an index does not know the photo with id {photo_id!r}; run `jarvis verify --repair`"
            )
        raise UnknownConceptError(
            f"no photo has the id {photo_id!r}; its concept may have been updated or forgotten"
        )

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

    def erase(self, concept_id: str) -> None:
        """Forget a concept by id, unread; of an unknown id nothing is left to do."""
        with_room(partial(self._erase, concept_id), self._catalogue.free_room)

    def _erase(self, concept_id: str) -> None:
        blobs = self._catalogue.tombstone(self.owner, concept_id)
        self._known.clear()
        self._segments.delete(self.owner, concept_id)
        self._blobs.delete(self.owner, blobs)
        # Snapshots know the ids of its vectors, and where these were.
        self.drop_snapshots()
        self._catalogue.erase(self.owner, [concept_id])

    def delete_owner(self) -> None:
        """Forget everything of this owner, the owner included."""
        with_room(self._delete_owner, self._catalogue.free_room)

    def _delete_owner(self) -> None:
        blobs = self._catalogue.tombstone(self.owner, None)
        self._known.clear()
        self._segments.delete_owner(self.owner)
        self._blobs.delete(self.owner, blobs)
        self.drop_snapshots()
        # Also those that no row points to: a write that was cut short may have left them.
        self._blobs.delete_owner(self.owner)
        self._catalogue.delete_owner(self.owner)

    def sweep(self, grace: float = _GRACE) -> int:
        """Finish what was being forgotten, and delete files of the home that nothing points to.

        Args:
            grace: seconds that such a file must have lain there, as it may belong to a write that is going
                on.

        Returns:
            How many files were deleted.
        """
        if grace < 0:
            raise SettingError(f"the grace period must be 0 seconds or more, got {grace}")
        self._finish_forgetting()
        return self._blobs.sweep(self._catalogue.live_blobs(), grace)

    def verify(self, *, deep: bool = False, repair: bool = False) -> Iterator[Finding]:
        """See `verify`."""
        return verify(self._catalogue, self._blobs, self.owner, deep=deep, repair=repair)

    def usage(self) -> Usage:
        """Bytes of this owner's photos, vectors and segments."""
        return self._catalogue.usage(self.owner)._replace(segments=self._segments.nbytes(self.owner))

    def nbytes(self) -> int:
        """All of `usage` together."""
        return sum(self.usage())

    def close(self) -> None:
        """Let go of the home's files; again does nothing."""
        self._known.clear()
        self._catalogue.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put_photos(self, draft: ConceptDraft) -> tuple[BlobRef, ...]:
        if self.read_only:
            raise HomeReadOnlyError("this home cannot be written; check its permissions, nothing was changed")
        return tuple(self._blobs.put(self.owner, "photo", photo.data) for photo in draft.checked_photos)

    def _finish_forgetting(self) -> None:
        for concept_id in self._catalogue.tombstones(self.owner):
            self.erase(concept_id)
        self._catalogue.tidy()

    def _finish_forgetting_or_warn(self) -> None:
        try:
            self._finish_forgetting()
        except StoreError as error:
            # What is left is hidden already; a full disk must not keep the owner from reading the rest.
            message = f"forgetting could not be finished, sweep() tries again: {error}"
            warnings.warn(message, RuntimeWarning, stacklevel=3)
