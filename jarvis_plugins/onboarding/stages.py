"""The stages of the pipeline, each an object that lives in a process of its own and holds what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .arrival import Arrival
from .clerk import Clerk
from .job import Job
from .outcome import Outcome
from .parcel import Parcel, Seen, packed, unpacked
from .reading import arrivals

__all__ = ["Embedding", "Keeping", "Reading"]


class Reading:
    """Lots to parcels: reads files, checks texts, and knows what was onboarded before."""

    def __init__(self, job: Job) -> None:
        self._clerk = Clerk(job)

    def __call__(self, row: dict[str, Any]) -> Iterator[Parcel]:
        """Of one lot."""
        return map(packed, arrivals(row["lot"], self._clerk))


class Embedding:
    """Parcels to parcels with vectors; photos of several concepts go through the encoder together."""

    def __init__(self, job: Job) -> None:
        from .worker import Worker

        self._worker = Worker(job)

    def __call__(self, table: Any) -> dict[str, list[Any]]:
        """Of one batch, a table of Arrow."""
        given = [unpacked(row)[0] for row in table.to_pylist()]
        new = [one for one in given if isinstance(one, Arrival)]
        seen = iter(self._worker.embed(new))
        rows = [self._packed(one, next(seen)) if isinstance(one, Arrival) else packed(one) for one in given]
        return {column: [row[column] for row in rows] for column in ("head", "photos", "seen")}

    @staticmethod
    def _packed(one: Arrival, seen: Seen | Outcome) -> Parcel:
        return packed(seen) if isinstance(seen, Outcome) else packed(one, seen)


class Keeping:
    """Parcels to outcomes, for the owners that are its own; and outcomes to outcomes with segments."""

    def __init__(self, job: Job) -> None:
        from .worker import Worker

        self._worker = Worker(job)

    def keep(self, rows: list[Parcel], encode: bool) -> list[Outcome]:
        """Write what is new, in order, and, if nobody else does, encode the segments."""
        kept = (self._kept(*unpacked(row)) for row in rows)
        return self.encode(list(kept)) if encode else list(kept)

    def encode(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Encode their segments."""
        return [self._worker.encode(one) for one in outcomes]

    def _kept(self, one: Arrival | Outcome, seen: Seen | None) -> Outcome:
        if isinstance(one, Outcome):
            return one
        if seen is None:
            raise TypeError(f"{one.place} came without vectors")
        return self._worker.keep(one, seen)
