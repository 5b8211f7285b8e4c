"""A concept that a vector is near enough to be taken for it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Likeness"]


@dataclass(frozen=True, slots=True)
class Likeness:
    """A concept that a vector is near enough to be taken for it.

    Attributes:
        vector: position of the vector.
        key: id of the concept.
        name: its name.
        cosine: of the vector and the nearest patch that shows the concept whole.
        threshold: the concept's own, which the cosine reaches.
    """

    vector: int
    key: str
    name: str
    cosine: float
    threshold: float
