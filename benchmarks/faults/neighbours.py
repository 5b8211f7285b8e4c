"""Owners who live in one home, and a plain dict of what each of them must have."""

from __future__ import annotations

import random
from collections import OrderedDict

import numpy as np

from jarvis_memory.concept import Concept
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.places import Blobs, Place

from .marked import Mark, foreign
from .operation import FINGERPRINT, PLACE, items_of
from .owned import Owned
from .turns import ACTIONS, KEYS, Turn

__all__ = ["Neighbours"]

_OPEN = 32


class Neighbours:
    """A home of some owners, in which one thing after another is done.

    Args:
        home: its folder, or the URL of a cluster.
        seed: of the marks.
        count: how many owners.
        blobs: of a cluster; see `open_place`.

    Attributes:
        owned: of each owner.
        settings: of the home.
    """

    def __init__(self, home: Place, seed: int, count: int, blobs: Blobs | None = None) -> None:
        self._home, self._blobs = home, blobs
        self.owned = [Owned(Mark.of(number, seed)) for number in range(count)]
        self.settings: dict[str, str] = {}
        self._stores: OrderedDict[tuple[int, int], OwnerStore] = OrderedDict()

    def do(self, action: str, number: int, handle: int, seed: int) -> list[str]:
        """Do something as an owner, through one of two handles; returns what is wrong with it."""
        turn = Turn(self, number, handle, random.Random(seed))
        ACTIONS[action](turn)
        wrong = turn.wrong + foreign(turn.mine.mark, turn.returned)
        return [f"{action} of owner {number}: {what}" for what in wrong]

    def look(self, number: int, handle: int = 0) -> list[str]:
        """What is wrong with all that an owner has."""
        store, mine = self.store(number, handle), self.owned[number]
        concepts = store.list()
        wrong: list[str] = []
        returned: list[object] = [*concepts, *store.texts(None).values()]
        if [(one.name, one.id) for one in concepts] != [(n, kept.id) for n, kept in mine.concepts.items()]:
            names = [one.name for one in concepts]
            return [f"owner {number} has {names}, must have {[*mine.concepts]}"]
        for one in concepts:
            wrong += self._look_at(store, one, mine, returned)
        items = {item.key: item.draft.value for item in items_of(store).under(PLACE)}
        returned.append(items)
        if items != {key: {"seed": seed, "by": mine.mark.text} for key, seed in mine.items.items()}:
            wrong.append(f"has the items {items}")
        snapshots = {name: store.snapshot(name) for name in KEYS}
        returned.append(snapshots)
        if {name: data for name, data in snapshots.items() if data is not None} != mine.snapshots:
            wrong.append("has other snapshots")
        if {key: store.setting(key) for key in self.settings} != self.settings:
            wrong.append("sees other settings")
        return [f"owner {number}: {what}" for what in wrong + foreign(mine.mark, returned)]

    def _look_at(self, store: OwnerStore, one: Concept, mine: Owned, returned: list[object]) -> list[str]:
        kept = mine.concepts[one.name]
        draft, wrong = mine.mark.draft(one.name, kept.seed), list[str]()
        photos = [store.photo(photo.id) for photo in one.photos]
        matrix = store.vectors([one.id]).matrix
        texts, segment = store.texts("texts", [one.id]).get(one.id), store.get_segment(one.id, FINGERPRINT)
        returned += [*photos, matrix, segment]
        if photos != [photo.data for photo in draft.checked_photos] or one.about != tuple(draft.notes):
            wrong.append(f"photos or notes of {one.name} are others")
        # Every owner's vectors at once must be those of all concepts, by rising id.
        if not np.array_equal(matrix, mine.mark.vectors(kept.seed, 2 * len(photos) + 1)):
            wrong.append(f"vectors of {one.name} are others")
        if segment != kept.segment:
            wrong.append(f"the segment of {one.name} is another")
        if texts is not None:
            returned.append(texts)
        if (texts is None) != (kept.texts is None) or not np.array_equal(
            np.zeros(0) if texts is None else texts, np.zeros(0) if kept.texts is None else kept.texts
        ):
            wrong.append(f"vectors of texts of {one.name} are others")
        return wrong

    def store(self, number: int, handle: int) -> OwnerStore:
        """One of an owner's two handles of the home; those not used for long are closed."""
        key = (number, handle)
        if key not in self._stores:
            self._stores[key] = OwnerStore.open(self._home, f"owner-{number}", blobs=self._blobs)
            while len(self._stores) > _OPEN:
                self._stores.popitem(last=False)[1].close()
        self._stores.move_to_end(key)
        return self._stores[key]

    def reopen(self, number: int) -> None:
        """Close an owner's handles."""
        for key in [key for key in self._stores if key[0] == number]:
            self._stores.pop(key).close()

    def close(self) -> None:
        """Close all."""
        while self._stores:
            self._stores.popitem()[1].close()
