"""What methods get to see: pictures without names, ids that say nothing, and an order that says nothing."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from jarvis_retrievers.errors import DatasetError

from .dataset import BenchConcept, Dataset
from .item import Clip, Item, Picture
from .method import BenchMemory, Introduction, Method, Query, Updating
from .prompt import prompt_of, rotated
from .shelf import Shelf

__all__ = ["MAX_VIDEO", "Asked", "Disguise"]

MAX_VIDEO: Final = 512 * 1024 * 1024
"""Largest video file taken, in bytes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An item under one rotation of its options."""

    item: Item
    rotation: int


@dataclass(frozen=True, slots=True)
class Disguise:
    """How a data set is shown to a method.

    Attributes:
        dataset: what is shown.
        seed: of the order and of the ids; another seed gives another order and other ids.
        bait: whether pictures carry names of files that name a concept at random, and ids do too. A method
            that reads neither answers as without (`jarvis_bench.canary`).
    """

    dataset: Dataset
    seed: int
    bait: bool = False
    _shelf: Shelf = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_shelf", Shelf(self.dataset.root))

    def order(self) -> tuple[Asked, ...]:
        """All items under all rotations, shuffled."""
        asked = [Asked(item, turn) for item in self.dataset.items for turn in range(item.rotations)]
        random.Random(f"order/{self.seed}/{self.bait}").shuffle(asked)
        return tuple(asked)

    def opened(self, method: Method, concepts: Iterable[BenchConcept]) -> BenchMemory:
        """A method's memory of concepts, their later photos shown to it if it can learn more of a concept."""
        told = tuple(concepts)
        memory = method.open(self.introductions(told))
        if isinstance(memory, Updating):
            for one in told:
                if one.later:
                    photos = tuple(self._images(one.later, f"{one.id}/later"))
                    memory.update(Introduction(one.name, one.category, "", photos))
        return memory

    def introductions(self, concepts: Iterable[BenchConcept]) -> tuple[Introduction, ...]:
        """What is told of concepts; photos as they are on the disk, checked against their digests."""
        return tuple(
            Introduction(one.name, one.category, one.notes, tuple(self._images(one.photos, one.id)))
            for one in concepts
        )

    def query(self, asked: Asked, *, told: bool = False) -> Query:
        """What a method is asked; ``told`` names the concepts to it."""
        item, rotation = asked.item, asked.rotation
        names = tuple(self.dataset.concept(one).name for one in item.concepts)
        return Query(
            id=self._id(item.id, rotation),
            task=item.task,
            form=item.form,
            question=item.question,
            prompt=prompt_of(item, rotation),
            options=rotated(item, rotation),
            history=item.history,
            images=tuple(self._images(item.images, item.id)),
            video=self._video(item.video) if item.video else None,
            told=names if told else None,
        )

    def _id(self, id: str, rotation: int) -> str:
        key = f"jarvis.bench/{self.seed}/{self.bait}".encode()
        word = hmac.new(key, f"{rotation}/{id}".encode(), hashlib.sha256).hexdigest()[:16]
        return f"{self._lure(id)}-{word}" if self.bait else word

    def _images(self, pictures: Sequence[Picture], salt: str) -> Iterator[Image.Image]:
        for number, picture in enumerate(pictures):
            image = self._shelf.image(picture)
            if self.bait:
                lure = f"{self._lure(f'{salt}/{number}')}/{number}.png"
                image.info["name"] = lure
                setattr(image, "filename", lure)  # noqa: B010  (Pillow's images have it when opened from a file)
            yield image

    def _video(self, clip: Clip) -> bytes:
        path = self._shelf.inside(clip.path)
        try:
            with path.open("rb") as file:
                data = file.read(MAX_VIDEO + 1)
        except OSError as error:
            raise DatasetError(f"{clip.path} cannot be read ({error.strerror}); check the data") from error
        if len(data) > MAX_VIDEO or hashlib.sha256(data).hexdigest() != clip.digest:
            raise DatasetError(f"{clip.path} is not the video it was when the data was read; read it again")
        return data

    def _lure(self, salt: str) -> str:
        names = [concept.name for concept in self.dataset.concepts] or ["nobody"]
        return random.Random(f"lure/{self.seed}/{salt}").choice(names)
