"""From lots to arrivals; what cannot be used, or was onboarded before, is an outcome already."""

from __future__ import annotations

from collections.abc import Iterator

from jarvis_retrievers.errors import InputError

from .arrival import Arrival, received
from .clerk import Clerk
from .outcome import Outcome, refused
from .source import Lot

__all__ = ["arrivals"]


def arrivals(lot: Lot, clerk: Clerk) -> Iterator[Arrival | Outcome]:
    """Each entry of a lot, in order: to be remembered, or done with."""
    for entry in lot.entries():
        if isinstance(entry, Outcome):
            yield entry
            continue
        try:
            arrival = received(entry)
        except InputError as error:
            owner, name = (one if isinstance(one, str) else "" for one in (entry.owner, entry.name))
            yield refused(entry.place, error, owner, name)
            continue
        yield clerk.known(arrival) or arrival
