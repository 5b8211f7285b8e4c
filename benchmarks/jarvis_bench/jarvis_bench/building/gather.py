"""Given photos, below the folder of a data set: copies, small ones and those of two concepts stay out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jarvis_retrievers.errors import DatasetError
from jarvis_retrievers.images import load_image, pixel_digest

from ..item import Picture
from ..leaks import near_pictures
from ..looks import look_of
from .given import LAYOUT, Given, GivenPhoto
from .settings import BuildSettings

__all__ = ["Gathered", "Known", "gather"]


@dataclass(frozen=True, slots=True)
class Known:
    """A concept whose photos are in place; the last of them is asked about if there are enough."""

    id: str
    name: str
    category: str
    notes: str
    photos: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """All concepts, where their photos were read from (by path), and how many were left out, and why."""

    concepts: tuple[Known, ...]
    origins: dict[str, str]
    left_out: Counter[str]


def gather(given: Sequence[Given], root: Path, settings: BuildSettings) -> Gathered:
    """Copy the photos that can be used into ``root``, as they are, under names that say nothing.

    A photo that is there twice in a concept counts once: two copies are one witness. A photo that is there in
    two concepts is taken for none of them.

    Raises:
        DatasetError: fewer than two concepts, or fewer than two with photos that can be used.
        ImageError: a photo that cannot be read.
    """
    if len(given) < 2:
        raise DatasetError(
            f"distractors are of other concepts, so two are needed at least, got {len(given)}; "
            f"expected {LAYOUT}"
        )
    left: Counter[str] = Counter()
    seen: list[tuple[int, GivenPhoto, Picture]] = []
    for place, concept in enumerate(given):
        left["a concept without photos"] += not concept.photos
        for photo in concept.photos:
            image = load_image(photo.data)
            if min(image.size) < settings.least_side:
                left[f"a photo with a side of less than {settings.least_side} pixels"] += 1
                continue
            # Named by its content: the same photos make the same data set.
            name = hashlib.sha256(photo.data).hexdigest()[:24]
            path = f"photos/{name}{photo.ending}"
            seen.append((place, photo, Picture(path=path, digest=pixel_digest(image), look=look_of(image))))
    pictures = [picture for _, _, picture in seen]
    shared, copies = set(), set()
    for one, other, _ in near_pictures(pictures, pictures):
        if seen[one][0] != seen[other][0]:
            shared.add(one)
        elif one < other:
            copies.add(other)
    left["a photo that two concepts have"] += len(shared)
    left["a copy of another photo of its concept"] += len(copies - shared)
    used = [seen[place] for place in range(len(seen)) if place not in shared | copies]
    origins = {picture.path: photo.origin for _, photo, picture in used}
    concepts: list[Known] = []
    for place, concept in enumerate(given):
        mine = tuple(picture for where, _, picture in used if where == place)
        if mine:
            concepts.append(
                Known(f"c{len(concepts):04d}", concept.name, concept.category, concept.notes, mine)
            )
    if len(concepts) < 2:
        told = "; ".join(f"{why}: {count}" for why, count in left.items() if count)
        raise DatasetError(
            f"two concepts need photos that can be used, got {len(concepts)} ({told}); add photos of "
            f"{settings.least_side} pixels and more, of two concepts at least"
        )
    for _, photo, picture in used:
        target = root / picture.path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(photo.data)
    return Gathered(tuple(concepts), origins, +left)
