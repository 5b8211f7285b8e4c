"""The writers of a cluster: every owner has one, and what comes first is written first."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from .outcome import Outcome
from .parcel import Parcel, unpacked

__all__ = ["Hands"]

_AHEAD = 3


class Hands:
    """Deals rows to writers, and what they wrote to encoders.

    A writer has one lot at a time: if it dies, and others were waiting for it, they would come out of order.

    Args:
        ray: the module.
        writers: actors of `Keeping`, at least one.
        encoders: the same; without any the writers encode.
    """

    def __init__(self, ray: Any, writers: Sequence[Any], encoders: Sequence[Any]) -> None:
        self._ray, self._writers, self._encoders = ray, writers, encoders
        self._written: list[tuple[list[int], Any]] = []
        self._encoded: deque[Any] = deque()
        self._turn = 0

    def take(self, rows: Sequence[Parcel]) -> Iterator[Outcome]:
        """Begin with rows; what came of earlier ones, in order."""
        yield from self._passed_on()
        self._written = self._dealt(rows)

    def rest(self) -> Iterator[Outcome]:
        """What comes of all that is under way."""
        yield from self._passed_on()
        while self._encoded:
            yield from self._ray.get(self._encoded.popleft())

    def _passed_on(self) -> Iterator[Outcome]:
        outcomes = self._gathered(self._written)
        self._written = []
        if not self._encoders or not outcomes:
            yield from outcomes
            return
        encoder = self._encoders[self._turn % len(self._encoders)]
        self._turn += 1
        self._encoded.append(encoder.encode.remote(outcomes))
        while len(self._encoded) > _AHEAD * len(self._encoders):
            yield from self._ray.get(self._encoded.popleft())

    def _dealt(self, rows: Sequence[Parcel]) -> list[tuple[list[int], Any]]:
        """The places of each writer's rows, and what will be their outcomes."""
        places: dict[int, list[int]] = {}
        for place, row in enumerate(rows):
            owner = unpacked(row)[0].owner
            number = int.from_bytes(hashlib.sha256(owner.encode("utf-8", "replace")).digest()[:8], "big")
            places.setdefault(number % len(self._writers), []).append(place)
        encode = not self._encoders
        return [
            (mine, self._writers[number].keep.remote([rows[place] for place in mine], encode))
            for number, mine in places.items()
        ]

    def _gathered(self, dealt: Sequence[tuple[list[int], Any]]) -> list[Outcome]:
        """In the order in which they were dealt."""
        found: dict[int, Outcome] = {}
        for places, ref in dealt:
            found.update(zip(places, self._ray.get(ref), strict=True))
        return [found[place] for place in sorted(found)]
