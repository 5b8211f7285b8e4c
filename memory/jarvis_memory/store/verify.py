"""Looking at every byte of an owner: what is damaged, what of it can be mended, and how."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jarvis_retrievers.errors import CorruptRecordError, ImageError, InputError
from jarvis_retrievers.log import log, owner_tag

from ..concept import Concept
from . import photos, segments
from .cached_blobs import without_copies
from .contracts import BlobStore, Catalogue

__all__ = ["Finding", "told", "verify"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        kind: what it is about.
        concept: the concept's name, its id where that cannot be read, or empty for the whole catalogue.
        what: what is wrong, and what to do.
        repaired: whether that was done.
    """

    kind: Literal["record", "photo", "vectors", "texts", "segment"]
    concept: str
    what: str
    repaired: bool = False


def verify(
    catalogue: Catalogue, blobs: BlobStore, owner: str, *, deep: bool = False, repair: bool = False
) -> Iterator[Finding]:
    """Read all rows and blobs of an owner and compare them with their digests and with each other.

    Args:
        catalogue: the record.
        blobs: photos and segments.
        owner: whose.
        deep: also decode every photo and compare its pixels with the record.
        repair: drop damaged segments and vectors of texts, made again when needed; make
            damaged indexes of the catalogue anew. Nothing else is changed.
    """
    try:
        yield from _file(catalogue, owner, repair)
        ids = catalogue.ids(owner)
    except CorruptRecordError as error:
        yield Finding("record", "", str(error))
        return
    for concept_id in ids:
        try:
            concept = catalogue.concept(owner, concept_id)
        except CorruptRecordError as error:
            yield Finding("record", concept_id, str(error))
            continue
        if concept is None:  # forgotten meanwhile
            continue
        yield from _photos(catalogue, blobs, owner, concept, deep)
        yield from _vectors(catalogue, owner, concept)
        yield from _texts(catalogue, owner, concept, repair)
        yield from _segments(catalogue, blobs, owner, concept, repair)


def told(findings: Iterator[Finding], owner: str) -> Iterator[Finding]:
    """The same, told to the log too."""
    began, found = time.perf_counter(), 0
    for finding in findings:
        found += 1
        log("home.damaged", owner=owner_tag(owner), what=finding.kind, repaired=finding.repaired)
        yield finding
    log("home.verified", owner=owner_tag(owner), found=found, ms=1e3 * (time.perf_counter() - began))


def _file(catalogue: Catalogue, owner: str, repair: bool) -> Iterator[Finding]:
    flaws = catalogue.flaws(owner, False)
    left = catalogue.flaws(owner, True) if flaws and repair and not catalogue.read_only else flaws
    if flaws:
        what = f"the catalogue is damaged ({'; '.join(left or flaws)[:300]}); "
        yield Finding("record", "", what + "if --repair does not help, restore a backup", not left)


def _photos(
    catalogue: Catalogue, blobs: BlobStore, owner: str, concept: Concept, deep: bool
) -> Iterator[Finding]:
    for number, photo in enumerate(concept.photos, start=1):
        try:
            found = catalogue.photo(owner, photo.id)
            if found is None:
                continue
            data = without_copies(blobs).get(owner, found[1], bound=photos.bound_to(concept.id, photo.id))
            if deep:
                _check_pixels(data, photo.digest)
        except (CorruptRecordError, ImageError) as error:
            what = f"photo {number} is damaged ({error}); restore it from a backup, or give it again"
            yield Finding("photo", concept.name, what)


def _check_pixels(data: bytes, digest: str) -> None:
    from jarvis_retrievers.images import load_image, pixel_digest  # the store does without Pillow

    if pixel_digest(load_image(data)) != digest:
        raise CorruptRecordError("its pixels are not those that were remembered")


def _vectors(catalogue: Catalogue, owner: str, concept: Concept) -> Iterator[Finding]:
    try:
        rows = catalogue.vectors(owner, [concept.id])
        kept = [int(i) for i, kind in zip(rows.ids, rows.kinds, strict=True) if kind == "patch"]
        if kept != [patch.id for patch in concept.patches]:
            raise CorruptRecordError("they are not those of its patches")
        if not np.isfinite(rows.matrix).all():
            raise CorruptRecordError("they hold numbers that are not finite")
    except (CorruptRecordError, InputError) as error:  # rows of two widths cannot be one matrix
        what = f"its vectors are damaged ({error}); `jarvis reindex` makes them again from the photos"
        yield Finding("vectors", concept.name, what)


def _texts(catalogue: Catalogue, owner: str, concept: Concept, repair: bool) -> Iterator[Finding]:
    try:
        if not all(np.isfinite(rows).all() for rows in catalogue.texts(owner, None, [concept.id]).values()):
            raise CorruptRecordError("they hold numbers that are not finite")
    except CorruptRecordError as error:
        if repair:
            none = np.zeros((0, 0), np.float16)
            catalogue.put_texts(owner, concept.id, concept.updated, "", none)
        what = f"vectors of its texts are damaged ({error}); they are made again when they are needed"
        yield Finding("texts", concept.name, what, repaired=repair)


def _segments(
    catalogue: Catalogue, blobs: BlobStore, owner: str, concept: Concept, repair: bool
) -> Iterator[Finding]:
    try:
        for row in catalogue.segments(owner, concept.id):
            without_copies(blobs).get(owner, row.blob, bound=segments.bound_to(concept.id, row.fingerprint))
    except CorruptRecordError as error:
        if repair:
            blobs.delete(owner, catalogue.drop_segments(owner, concept.id))
        what = f"a segment is damaged ({error}); it is made again when it is needed"
        yield Finding("segment", concept.name, what, repaired=repair)
