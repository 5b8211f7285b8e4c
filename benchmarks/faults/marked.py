"""Data of an owner that can be told from everybody else's, whatever kind it is of."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jarvis_memory.concept import Concept
from jarvis_memory.store import ConceptDraft, DraftPatch, DraftPhoto
from jarvis_retrievers.boxes import Box

__all__ = ["DIM", "Mark", "foreign", "told"]

DIM = 8
_MARK = re.compile(rb"mark([0-9]{3})x[0-9a-f]{16}x")
_OWNERS = 1000


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands in all that an owner keeps.

    Attributes:
        number: of the owner, below 1000.
        text: unlike that of any other.
    """

    number: int
    text: str

    @classmethod
    def of(cls, number: int, seed: int) -> Mark:
        """The mark of an owner in a run."""
        return cls(number, f"mark{number:03d}x{random.Random(f'mark/{seed}/{number}').randbytes(8).hex()}x")

    def data(self, seed: int) -> bytes:
        """Bytes of a photo, a segment or a snapshot."""
        return f"{self.text} {seed} ".encode() + random.Random(seed).randbytes(64)

    def vectors(self, seed: int, count: int) -> NDArray[np.float32]:
        """(count, DIM); the first number tells the owner, exactly in 16 bits."""
        rows = np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float16)
        rows[:, 0] = self.number
        return rows.astype(np.float32)

    def draft(self, name: str, seed: int) -> ConceptDraft:
        """A concept with one to three photos, and two patches of each."""
        count = 1 + seed % 3
        vectors = self.vectors(seed, 2 * count + 1)
        data = [self.data(seed + n) for n in range(count)]
        boxes = (Box(0, 0, 8, 6), Box(2, 1, 5, 4))
        return ConceptDraft(
            name=name,
            aliases=(f"alias {self.text} {seed}",),
            category=f"kind {self.text}",
            notes=(f"A note of {self.text}.", f"Number {seed}."),
            photos=[DraftPhoto(one, hashlib.sha256(one).hexdigest(), 8, 6) for one in data],
            patches=[
                DraftPatch(n // 2, boxes[n % 2], 0.9, 0.5, 0.4, vector)
                for n, vector in enumerate(vectors[:-1])
            ],
            profile_vectors=vectors[-1:],
            encoder="marked",
        )


def foreign(mark: Mark, returned: Iterable[object]) -> list[str]:
    """What of others is in something that an owner was given; texts, bytes, vectors and records are read."""
    found = []
    for one in returned:
        if isinstance(one, np.ndarray):
            numbers = set(one[:, 0].astype(int)) if one.size else set()
        else:
            numbers = {int(number) for number in _MARK.findall(told(one))}
        found += [f"{type(one).__name__} with what is of owner {n}" for n in sorted(numbers - {mark.number})]
    return found


def told(one: object) -> bytes:
    """All of a value as bytes."""
    if isinstance(one, bytes):
        return one
    if isinstance(one, Concept):
        return one.model_dump_json().encode()
    return repr(one).encode()
