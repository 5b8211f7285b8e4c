"""Copies in the data: reference views among the test pictures, and questions that are asked twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from .dataset import Dataset, LeftOut
from .item import LETTERS, Item, Picture
from .looks import BITS, MIRROR, NEAR

__all__ = ["Leak", "cleaned", "doubles_of", "leaks_of", "near_pictures"]

_ONES: Final = np.array([byte.bit_count() for byte in range(256)])


@dataclass(frozen=True, slots=True)
class Leak:
    """A test picture that a method was shown as a reference.

    Attributes:
        concept: whose reference it is.
        reference, item, picture: paths of the two pictures, and the item that shows the second.
        kind: ``exact``: the same pixels; ``near``: looks at most `NEAR` of 256 bits apart, mirrored or not.
        distance: by how many bits the looks differ.
    """

    concept: str
    reference: str
    item: str
    picture: str
    kind: Literal["exact", "near"]
    distance: int


def leaks_of(dataset: Dataset, near: int = NEAR) -> tuple[Leak, ...]:
    """All leaks, in the order of the items; one for each item, its picture's nearest reference."""
    references = [
        (concept.id, photo) for concept in dataset.concepts for photo in (*concept.photos, *concept.later)
    ]
    tested = {image.path: image for item in dataset.items for image in item.images}
    pairs = near_pictures(tested.values(), (photo for _, photo in references), near)
    nearest: dict[str, tuple[int, int]] = {}
    paths = list(tested)
    for test, reference, distance in pairs:
        nearest[paths[test]] = min(nearest.get(paths[test], (BITS + 1, 0)), (distance, reference))
    found = []
    for item in dataset.items:
        for image in item.images:
            if image.path in nearest:
                distance, place = nearest[image.path]
                concept, photo = references[place]
                kind: Literal["exact", "near"] = "exact" if photo.digest == image.digest else "near"
                found.append(Leak(concept, photo.path, item.id, image.path, kind, distance))
                break
    return tuple(found)


def near_pictures(
    ones: Iterable[Picture], others: Iterable[Picture], near: int = NEAR
) -> Iterator[tuple[int, int, int]]:
    """Places of pictures that are copies of each other, and how far their looks are apart."""
    right = _bits(others)
    if not len(right):
        return
    for place, left in enumerate(_bits(ones)):
        apart = right ^ left
        distances = np.minimum(_ONES[apart].sum(axis=1), _ONES[apart ^ MIRROR].sum(axis=1))
        for other in np.flatnonzero(distances <= near):
            yield place, int(other), int(distances[other])


def doubles_of(dataset: Dataset) -> tuple[tuple[str, str, bool], ...]:
    """Items that ask the same as an earlier one: both ids, and whether the answers agree."""
    first: dict[tuple[object, ...], Item] = {}
    found = []
    for item in dataset.items:
        earlier = first.setdefault(_asks(item), item)
        if earlier is not item:
            found.append((earlier.id, item.id, _answer(earlier) == _answer(item)))
    return tuple(found)


def cleaned(dataset: Dataset, near: int = NEAR) -> Dataset:
    """Without items whose picture is a reference, without repeated items, without those that contradict.

    How many of each were left out is told in ``left_out``.
    """
    leaked = {leak.item for leak in leaks_of(dataset, near)}
    doubles = doubles_of(dataset)
    against = {id for one, other, agree in doubles if not agree for id in (one, other)}
    repeated = {other for _, other, agree in doubles if agree}
    out: list[LeftOut] = []
    dropped: set[str] = set()
    for why, ids in (
        ("shows a reference photo", leaked),
        ("asked twice, answered differently", against),
        ("asked twice", repeated),
    ):
        new = ids - dropped
        dropped |= new
        if new:
            out.append(LeftOut(why=why, count=len(new)))
    if not dropped:
        return dataset
    return dataset.keeping((item for item in dataset.items if item.id not in dropped), out)


def _asks(item: Item) -> tuple[object, ...]:
    images = tuple(image.digest for image in item.images)
    video = item.video.digest if item.video else ""
    words = " ".join(item.question.casefold().split())
    return (
        item.task,
        item.form,
        words,
        item.history,
        item.concepts,
        images,
        video,
        tuple(sorted(item.options)),
    )


def _answer(item: Item) -> object:
    if item.form == "choice":
        return item.options[LETTERS.index(item.answer)]
    return item.answer, item.needs, item.bars


def _bits(pictures: Iterable[Picture]) -> NDArray[np.uint8]:
    """Looks as rows of bytes, (n, 32)."""
    rows = [np.frombuffer(bytes.fromhex(picture.look), dtype=np.uint8) for picture in pictures]
    return np.stack(rows) if rows else np.empty((0, BITS // 8), dtype=np.uint8)
