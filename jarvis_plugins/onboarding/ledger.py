"""Which contents an owner was given: one item for each, written in the transaction of its concept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jarvis_memory.concept import Concept
from jarvis_memory.store.item import RESERVED, ItemDraft
from jarvis_memory.store.owner import OwnerStore
from jarvis_retrievers.errors import InputError, UnknownConceptError

from .arrival import Arrival

__all__ = ["NAMESPACE", "ChangedError", "Ledger"]

NAMESPACE = (*RESERVED, "onboarded")
"""Where the items are, out of agents' sight. Their keys are HMACs under the owner's key: nobody
without it can compare contents.
"""


class ChangedError(InputError):
    """Somebody has changed the concept while its update was made."""


class Ledger:
    """The ledger of one owner.

    Args:
        store: the owner's.
    """

    def __init__(self, store: OwnerStore) -> None:
        items = store.items
        if items is None:
            raise InputError("this home keeps no items; open a folder or a cluster")
        self._store, self._items = store, items

    def find(self, arrival: Arrival) -> str | None:
        """The id of the concept that this content went into, or None; it may have been forgotten since."""
        key = self._key(arrival)
        item = None if key is None else self._items.get(NAMESPACE, key)
        return None if item is None else str(item.draft.value.get("concept", ""))

    @contextmanager
    def entered(self, arrival: Arrival, old: Concept | None = None) -> Iterator[None]:
        """Goes around the write of a concept, in its transaction: both are there, or neither is.

        Args:
            arrival: what is written.
            old: the concept as it was read, if it is updated.

        Raises:
            ChangedError: it is no longer so; nothing is written.
        """
        if old is not None and self._store.find(old.id).updated != old.updated:
            raise ChangedError(f"{old.name!r} was changed meanwhile; onboard it again")
        yield
        concept, key = self._store.get(arrival.name), self._key(arrival)
        if key is None:
            raise UnknownConceptError(f"{arrival.name!r} was not written")
        draft = ItemDraft({"concept": concept.id}, fields=False)
        self._items.write([(NAMESPACE, key, draft)])

    def _key(self, arrival: Arrival) -> str | None:
        made = self._store.keyed("jarvis/onboarded", *arrival.content)
        return None if made is None else made.hex()
