"""A data set: the concepts with their reference photos and notes, and the items that ask about them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from jarvis_retrievers.errors import DatasetError

from .item import Id, Item, Picture, Value, Words

__all__ = ["BenchConcept", "Dataset", "LeftOut"]


class BenchConcept(Value):
    """A concept of a data set.

    Attributes:
        id: of its own in the data set.
        name: as it stands in the questions.
        category: what it is, empty where the data set does not say.
        notes: what the owner says of it; methods may read them.
        photos: the reference photos, in a fixed order; methods may look at them.
        later: photos that are taken after the concept has changed; methods that can learn more of a concept
            are shown them before anything is asked (`jarvis_bench.method.Updating`).
    """

    id: Id
    name: Words
    category: str = ""
    notes: str = ""
    photos: tuple[Picture, ...] = ()
    later: tuple[Picture, ...] = ()


class LeftOut(Value):
    """How many items or files of the published data were left out, and why."""

    why: Words
    count: int = Field(ge=1)


class Dataset(Value):
    """Concepts and items, as they were read from below a folder.

    Attributes:
        name: of the data set and its protocol.
        root: the folder that paths of pictures are relative to; not part of the digest.
        licence: what its publishers allow, in one line.
        card: what it is, what was done to it, and what to know before a figure of it is believed.
    """

    name: Words
    root: Path
    concepts: tuple[BenchConcept, ...]
    items: tuple[Item, ...]
    licence: str = ""
    card: str = ""
    left_out: tuple[LeftOut, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Dataset:
        for what, ids in (
            ("concepts", [concept.id for concept in self.concepts]),
            ("names of concepts", [concept.name.casefold() for concept in self.concepts]),
            ("items", [item.id for item in self.items]),
        ):
            twice = [one for one, count in Counter(ids).items() if count > 1]
            if twice:
                raise ValueError(f"{what} are there twice: {', '.join(map(repr, twice[:3]))}")
        known = {concept.id for concept in self.concepts}
        for item in self.items:
            unknown = [one for one in item.concepts if one not in known]
            if unknown:
                raise ValueError(
                    f"item {item.id!r} asks about {unknown[0]!r}, which is no concept of the data"
                )
        return self

    @property
    def splits(self) -> dict[str, int]:
        """The splits and how many items each has."""
        return dict(Counter(item.split for item in self.items))

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over everything but ``root``; two readings of the same data have the same one."""
        digest = hashlib.sha256(b"jarvis.bench.dataset.v1")
        for line in (
            self.model_dump_json(exclude={"root", "concepts", "items"}),
            *(one.model_dump_json() for one in (*self.concepts, *self.items)),
        ):
            data = line.encode()
            digest.update(len(data).to_bytes(8, "little") + data)
        return digest.hexdigest()

    def concept(self, id: str) -> BenchConcept:
        """The concept of an id.

        Raises:
            DatasetError: there is none.
        """
        try:
            return self._by_id[id]
        except KeyError:
            raise DatasetError(
                f"no concept {id!r} in {self.name}; it has {len(self.concepts)} others"
            ) from None

    @cached_property
    def _by_id(self) -> dict[str, BenchConcept]:
        return {concept.id: concept for concept in self.concepts}

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Dataset:
        """As pydantic's, which takes what was cached along: a copy with other items has another digest."""
        copy = super().model_copy(update=update, deep=deep)
        for name in ("digest", "_by_id"):
            copy.__dict__.pop(name, None)
        return copy

    def split(self, name: str) -> Dataset:
        """The items of one split, with all concepts.

        Raises:
            DatasetError: no item is in it.
        """
        items = tuple(item for item in self.items if item.split == name)
        if not items:
            raise DatasetError(f"{self.name} has no split {name!r}; it has {', '.join(sorted(self.splits))}")
        return self.keeping(items)

    def keeping(self, items: Iterable[Item], left_out: Iterable[LeftOut] = ()) -> Dataset:
        """The same data with some of the items, and what is told of the others."""
        return Dataset(
            name=self.name,
            root=self.root,
            concepts=self.concepts,
            items=tuple(items),
            licence=self.licence,
            card=self.card,
            left_out=(*self.left_out, *left_out),
        )
