"""All of one owner's record, written into one archive."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jarvis_retrievers.errors import CorruptRecordError, SettingError, StoreError

from ..concept import Concept
from .archive import ArchiveWriter
from .archived import ArchivedConcept, ArchivedItem, Texts, plain
from .contracts import BlobRef, BlobStore, Catalogue
from .item_store import ItemStore
from .manifest import Counts, Manifest
from .photos import bound_to

__all__ = ["export_owner"]

_TRIES = 5


class _Photo(NamedTuple):
    entry: str
    concept: Concept
    id: str
    blob: BlobRef


class _ChangedError(Exception):
    """What was written down is not there any more."""


def export_owner(
    catalogue: Catalogue,
    blobs: BlobStore,
    items: ItemStore | None,
    owner: str,
    path: str | os.PathLike[str],
) -> Manifest:
    """Write concepts, photos, vectors and items as they are at one moment, in use or not.

    The archive is **not encrypted**, wherever it comes from. Segments and snapshots of indexes, which can be
    made again, are not in it, nor are settings of the home.

    Returns:
        What is in it.

    Raises:
        SettingError: there is nothing to write, or ``path`` is there already.
        CorruptRecordError: something is damaged; nothing is written. StoreError: the disk fails.
    """
    target = Path(path).expanduser()
    for _ in range(_TRIES):
        try:
            with ArchiveWriter(target) as writer:
                return _Export(catalogue, blobs, items, owner, writer).write()
        except _ChangedError:
            continue
    raise StoreError(f"{owner!r} changes too fast to be exported; try again when less is written")


class _Export:
    def __init__(
        self,
        catalogue: Catalogue,
        blobs: BlobStore,
        items: ItemStore | None,
        owner: str,
        writer: ArchiveWriter,
    ) -> None:
        self._catalogue, self._blobs, self._items = catalogue, blobs, items
        self._owner, self._writer = owner, writer

    def write(self) -> Manifest:
        # Photos are large and never change, so they are read behind: a transaction keeps others from
        # writing the file anew when they forget something.
        with self._catalogue.reading():
            ids = self._catalogue.ids(self._owner)
            encoders = self._catalogue.text_encoders(self._owner)
            counts, photos = Counts(), list[_Photo]()
            for number, concept_id in enumerate(ids):
                concept = self._catalogue.concept(self._owner, concept_id)
                if concept is None:
                    raise CorruptRecordError(
                        f"the concept {concept_id!r} cannot be found; run `jarvis verify`"
                    )
                vectors = self._write_concept(number, concept, encoders.get(concept_id))
                for place, photo in enumerate(concept.photos):
                    found = self._catalogue.photo(self._owner, photo.id)
                    if found is None:
                        raise CorruptRecordError(
                            f"an index misses a photo of {concept.name!r}; run `jarvis verify --repair`"
                        )
                    photos.append(_Photo(f"photos/{number:06}-{place:04}.png", concept, photo.id, found[1]))
                counts = Counts(
                    counts.concepts + 1,
                    counts.photos + len(concept.photos),
                    counts.patches + len(concept.patches),
                    counts.vectors + vectors,
                )
            counts = counts._replace(items=self._write_items())
        if not any(counts):
            raise SettingError(f"there is nothing of {self._owner!r} to export; name another owner")
        for one in photos:
            self._writer.put(one.entry, self._read(one))
        return self._writer.finish(self._owner, counts)

    def _write_concept(self, number: int, concept: Concept, encoder: str | None) -> int:
        rows = self._catalogue.vectors(self._owner, [concept.id])
        texts = None
        if encoder is not None:
            matrix = self._catalogue.texts(self._owner, encoder, [concept.id])[concept.id]
            texts = Texts(encoder=encoder, rows=len(matrix), dim=matrix.shape[1])
            self._writer.put(f"texts/{number:06}.f16", matrix.astype("<f2").tobytes())
        archived = ArchivedConcept(
            concept=plain(concept),
            profiles=rows.kinds.count("profile"),
            dim=rows.matrix.shape[1],
            texts=texts,
        )
        self._writer.put(f"concepts/{number:06}.json", archived.model_dump_json().encode())
        # They came from 16 bits, and go back to the same.
        self._writer.put(f"vectors/{number:06}.f16", rows.matrix.astype(np.dtype("<f2")).tobytes())
        return len(rows.ids)

    def _write_items(self) -> int:
        found = [] if self._items is None else self._items.under(())
        for number, item in enumerate(found):
            archived = ArchivedItem(item)
            self._writer.put(f"items/{number:06}.json", archived.to_json())
            self._writer.put(f"itemvectors/{number:06}.f32", archived.data)
        return len(found)

    def _read(self, photo: _Photo) -> bytes:
        try:
            return self._blobs.get(self._owner, photo.blob, bound=bound_to(photo.concept.id, photo.id))
        except CorruptRecordError as error:
            versions = dict(self._catalogue.versions(self._owner))
            if versions.get(photo.concept.id) != photo.concept.updated:
                raise _ChangedError from error
            raise CorruptRecordError(
                f"a photo of {photo.concept.name!r} is damaged, so nothing is exported: {error}; give "
                f"{photo.concept.name!r} its photos again"
            ) from error
