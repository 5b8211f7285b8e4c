"""Knows what was onboarded before; loads no model."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

from jarvis_memory.store.master_key import MasterKey
from jarvis_memory.store.owner import OwnerStore
from jarvis_retrievers.errors import CorruptRecordError, UnknownConceptError

from .arrival import Arrival
from .job import Job
from .ledger import Ledger
from .outcome import Outcome, refused

__all__ = ["Clerk", "Desk"]

_OPEN = 16


@dataclass(frozen=True, eq=False)
class Desk:
    """What is open of one owner."""

    store: OwnerStore
    ledger: Ledger


class Clerk:
    """Opens the records of owners as they come, and keeps a few of them open. Close it.

    Args:
        job: where concepts go.
        key: of an encrypted home; by default the environment's, or the keyring's.

    Raises (any method): StoreError if the home cannot be used.
    """

    def __init__(self, job: Job, key: MasterKey | None = None) -> None:
        self.job, self._key = job, key
        self._desks: OrderedDict[str, Desk] = OrderedDict()

    def known(self, arrival: Arrival) -> Outcome | None:
        """What there is to say of content that was onboarded before; None if it is new."""
        desk = self._desk(arrival.owner)
        found = desk.ledger.find(arrival)
        if found is None:
            return None
        told = Outcome(arrival.place, "skipped", arrival.owner, arrival.name, found, "onboarded before")
        try:
            desk.store.find(found)
        except UnknownConceptError:
            reason = "onboarded before, and forgotten since; remember it by hand if it is wanted again"
            return replace(told, concept="", reason=reason)
        except CorruptRecordError as error:
            return refused(arrival.place, error, arrival.owner, arrival.name)
        return told

    def close(self) -> None:
        """Close what is open."""
        for desk in self._desks.values():
            desk.store.close()
        self._desks.clear()

    def _desk(self, owner: str) -> Desk:
        found = self._desks.pop(owner, None)
        if found is None:
            store = OwnerStore.open(self.job.home, owner, blobs=self.job.blobs, key=self._key)
            found = Desk(store, Ledger(store))
        self._desks[owner] = found
        if len(self._desks) > _OPEN:
            self._desks.popitem(last=False)[1].store.close()
        return found
