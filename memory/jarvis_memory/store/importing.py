"""An archive of one owner, checked through and through, and written into a home."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from jarvis_retrievers.errors import CorruptRecordError, InputError

from ..concept import Concept, name_key
from .archive import ArchiveReader
from .archived import ArchivedConcept, ArchivedItem, plain
from .contracts import BlobRef, ConceptRows
from .draft import ConceptDraft, DraftPatch, DraftPhoto
from .manifest import Counts, Manifest

__all__ = ["OwnerArchive", "Placed"]

_ID = re.compile(r"[0-9a-f]{32}\Z")
_PNG = b"\x89PNG\r\n\x1a\n"


class Placed(NamedTuple):
    """What a concept of an archive becomes: its id, those of its photos, and their blobs."""

    concept: str
    photos: tuple[str, ...]
    blobs: list[BlobRef]


class _Read(NamedTuple):
    """A concept of an archive, ready to be written."""

    concept: Concept
    draft: ConceptDraft
    vectors: int
    encoder: str
    texts: NDArray[np.float16]

    def rows(self, owner: str, place: Placed) -> ConceptRows:
        """What a catalogue writes: with the same times, and the ids of its place."""
        made = self.draft.rows(owner, place.concept, place.blobs)
        ids = dict(zip((photo.id for photo in self.concept.photos), place.photos, strict=True))
        change = {
            "created_at": self.concept.created_at,
            "updated_at": self.concept.updated_at,
            "photos": tuple(p.model_copy(update={"id": ids[p.id]}) for p in self.concept.photos),
            "patches": tuple(
                p.model_copy(update={"photo_id": ids[p.photo_id]}) for p in self.concept.patches
            ),
        }
        return replace(made, concept=made.concept.model_copy(update=change))

    def check(self) -> None:
        """Refuse a concept that is not what its draft makes of it.

        Raises:
            CorruptRecordError: it is not.
        """
        ids = (self.concept.id, *(photo.id for photo in self.concept.photos))
        here = Placed(self.concept.id, ids[1:], [])
        same = plain(self.rows("", here).concept) == self.concept
        times = (self.concept.created_at, self.concept.updated_at)
        if not (same and all(map(_ID.match, ids)) and all(map(_is_time, times))):
            raise CorruptRecordError(
                f"the concept {ascii(self.concept.name)[:60]} is none that can be remembered"
            )


class OwnerArchive:
    """An archive that `OwnerStore.export` made, of which every byte was checked when this is there.

    What is in it is checked as if it were given anew: names, notes, boxes and vectors by the rules of
    `ConceptDraft`, photos by the door of `jarvis_retrievers.images`, and their pixels against the record.

    Use it in a ``with``.

    Raises:
        SettingError: there is no such file. HomeFormatError: a newer version wrote it.
        CorruptRecordError: it is damaged, or no archive; nothing was changed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path).expanduser()
        self._reader = ArchiveReader(self._path)
        try:
            self._check()
        except (InputError, CorruptRecordError) as error:
            self.close()
            raise CorruptRecordError(
                f"{self._path} cannot be imported: {error}; nothing was changed"
            ) from error
        except BaseException:
            self.close()
            raise

    @property
    def manifest(self) -> Manifest:
        """What it says of itself."""
        return self._reader.manifest

    def concepts(self, *, look: bool = False) -> Iterator[_Read]:
        """The concepts, oldest first, each with its photos; ``look`` decodes them."""
        photos = self._photos()
        for number in range(self.manifest.counts.concepts):
            archived = ArchivedConcept.model_validate_json(self._reader.get(f"concepts/{number:06}.json"))
            texts = self._reader.get(f"texts/{number:06}.f16") if archived.texts else b""
            data = [self._reader.get(name) for name in photos.get(number, [])]
            vectors = archived.vectors(self._reader.get(f"vectors/{number:06}.f16"))
            draft = _draft(archived, data, *vectors)
            if look:
                _look(archived.concept, data)
            encoder = archived.texts.encoder if archived.texts else ""
            count = len(archived.concept.patches) + archived.profiles
            yield _Read(archived.concept, draft, count, encoder, archived.text_vectors(texts))

    def items(self) -> Iterator[ArchivedItem]:
        """What agents kept, in the order in which it was put."""
        for number in range(self.manifest.counts.items):
            read = self._reader.get
            yield ArchivedItem.read(read(f"items/{number:06}.json"), read(f"itemvectors/{number:06}.f32"))

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _photos(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for entry in self.manifest.entries:
            if entry.name.startswith("photos/"):
                found.setdefault(int(entry.name[7:13]), []).append(entry.name)
        return found

    def _check(self) -> None:
        names, dims, counted = set[str](), set[int | None](), Counts()
        ids, keys, places = list[str](), list[str](), list[object]()
        try:
            for number, read in enumerate(self.concepts(look=True)):
                read.check()
                names |= {f"concepts/{number:06}.json", f"vectors/{number:06}.f16"}
                names |= {f"texts/{number:06}.f16"} if read.encoder else set()
                names |= {f"photos/{number:06}-{place:04}.png" for place in range(len(read.concept.photos))}
                ids += [read.concept.id, *(photo.id for photo in read.concept.photos)]
                keys.append(name_key(read.concept.name))
                dims |= {read.draft.dim}
                sizes = (1, len(read.concept.photos), len(read.concept.patches), read.vectors, 0)
                counted = Counts(*(old + new for old, new in zip(counted, sizes, strict=True)))
            for number, archived in enumerate(self.items()):
                names |= {f"items/{number:06}.json", f"itemvectors/{number:06}.f32"}
                places.append((archived.item.namespace, archived.item.key))
        except ValidationError as error:
            raise CorruptRecordError(f"a concept has {error.error_count()} fields that cannot be") from error
        counted = counted._replace(items=len(places))
        if counted != self.manifest.counts or names != {entry.name for entry in self.manifest.entries}:
            raise CorruptRecordError("what is in it is not what its manifest counts")
        if any(len(set(each)) != len(each) for each in (ids, keys, places)):
            raise CorruptRecordError("two concepts, photos or items in it have one name or id")
        if len(dims - {None}) > 1:
            raise CorruptRecordError("its vectors have several lengths, so several encoders made them")


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _draft(
    archived: ArchivedConcept,
    data: list[bytes],
    patch_vectors: NDArray[np.float16],
    profile_vectors: NDArray[np.float16],
) -> ConceptDraft:
    """An archived concept as if it were given anew, and checked as such."""
    concept = archived.concept
    places = {photo.id: place for place, photo in enumerate(concept.photos)}
    if len(places) != len(concept.photos) or len(data) != len(concept.photos):
        raise CorruptRecordError(f"the concept {concept.name!r} has not the photos that it names")
    if any(patch.photo_id not in places for patch in concept.patches):
        raise CorruptRecordError(f"a patch of {concept.name!r} is of none of its photos")
    return ConceptDraft(
        name=concept.name,
        aliases=concept.aliases,
        category=concept.category,
        notes=concept.about,
        photos=[
            DraftPhoto(bytes_, photo.digest, photo.width, photo.height, photo.moment)
            for bytes_, photo in zip(data, concept.photos, strict=True)
        ],
        patches=[
            DraftPatch(
                places[p.photo_id], p.box, p.relevance, p.distinctiveness, p.score, row.astype(np.float32)
            )
            for p, row in zip(concept.patches, patch_vectors, strict=True)
        ],
        profile_vectors=profile_vectors.astype(np.float32) if len(profile_vectors) else None,
        profile=concept.profile,
        encoder=concept.encoder,
        edits=concept.edits,
        description=concept.description,
        history=concept.history,
        selections=concept.selections,
        past=concept.past,
    )


def _look(concept: Concept, data: list[bytes]) -> None:
    """Decode photos, and compare their pixels with the record."""
    from jarvis_retrievers.images import load_image, pixel_digest  # the store does without Pillow

    for photo, one in zip(concept.photos, data, strict=True):
        if not one.startswith(_PNG):
            raise CorruptRecordError(f"a photo of {concept.name!r} is no PNG file")
        image = load_image(one, max_bytes=len(one))
        if (pixel_digest(image), *image.size) != (photo.digest, photo.width, photo.height):
            raise CorruptRecordError(f"the pixels of a photo of {concept.name!r} are not those of the record")
