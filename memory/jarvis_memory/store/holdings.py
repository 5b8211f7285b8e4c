"""What an owner, or one concept, takes up in a home, and blocks of reads or writes that belong together."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

__all__ = ["NOTHING", "PATCH_BYTES", "Amount", "Around", "Holding", "Holdings"]

Around = AbstractContextManager[None]
"""A block around a write, inside of its transaction."""

PATCH_BYTES = 64
"""What a patch counts for: its box and its scores, eight numbers."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How many, and how many bytes, without the frames of files and rows."""

    count: int = 0
    nbytes: int = 0


NOTHING = Amount()


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is there of an owner or a concept, hidden ones included; rows need not be sound.

    Attributes:
        concepts, photos, patches, vectors, items: the record.
        texts, segments, snapshots: caches, which can be made again; of snapshots all of the owner's.
        sequence: the last sequence number of the home when this was counted.
    """

    concepts: Amount = NOTHING
    photos: Amount = NOTHING
    patches: Amount = NOTHING
    vectors: Amount = NOTHING
    texts: Amount = NOTHING
    segments: Amount = NOTHING
    snapshots: Amount = NOTHING
    items: Amount = NOTHING
    sequence: int = 0

    @property
    def record(self) -> int:
        """Bytes of the record alone: this is what a quota is about."""
        kept = (self.concepts, self.photos, self.patches, self.vectors, self.items)
        return sum(amount.nbytes for amount in kept)


class Holding(Protocol):
    """Part of `Catalogue`."""

    def reading(self) -> AbstractContextManager[None]:
        """A block whose reads all see one moment."""

    def writing(self) -> AbstractContextManager[None]:
        """A block whose writes are one transaction: all of them, durably, or, if an error leaves it, none.

        Nobody else writes meanwhile, in this process or in another.
        """

    def holdings(self, owner: str, concept_id: str | None = None) -> Holdings:
        """What is there of the owner, or of one concept: then no items, and vectors are its rows."""

    def text_encoders(self, owner: str) -> dict[str, str]:
        """By concept id the fingerprint of the text encoder whose vectors are kept."""
