"""Owners who live in one home, and a plain dict of what each of them must have."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jarvis_memory.concept import Concept
from jarvis_memory.store import OwnerStore
from jarvis_memory.store.items import ItemDraft
from jarvis_retrievers.errors import DuplicateConceptError, InputError, UnknownConceptError

from .marked import Mark, foreign
from .operation import FINGERPRINT, PLACE, items_of

__all__ = ["ACTIONS", "Kept", "Neighbours", "Owned"]

_NAMES = ("Bo", "Mia", "Pip", "Zoe")
_KEYS = ("tea", "mug")
_OPEN = 32


@dataclass
class Kept:
    """A concept that an owner must have: its id, what it was drawn from, and what is kept of it besides."""

    id: str
    seed: int
    segment: bytes | None = None
    texts: NDArray[np.float32] | None = None


@dataclass
class Owned:
    """All that an owner must have, by name and key."""

    mark: Mark
    concepts: dict[str, Kept] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    snapshots: dict[str, bytes] = field(default_factory=dict)


class Neighbours:
    """A home of some owners, in which one thing after another is done.

    Args:
        home: its folder.
        seed: of the marks.
        count: how many owners.

    Attributes:
        owned: of each owner.
        settings: of the home.
    """

    def __init__(self, home: Path, seed: int, count: int) -> None:
        self._home = home
        self.owned = [Owned(Mark.of(number, seed)) for number in range(count)]
        self.settings: dict[str, str] = {}
        self._stores: OrderedDict[tuple[int, int], OwnerStore] = OrderedDict()

    def do(self, action: str, number: int, handle: int, seed: int) -> list[str]:
        """Do something as an owner, through one of two handles; returns what is wrong with it."""
        turn = _Turn(self, number, handle, random.Random(seed))
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
        snapshots = {name: store.snapshot(name) for name in _KEYS}
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
            self._stores[key] = OwnerStore.open(self._home, f"owner-{number}")
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


class _Turn:
    """One thing that an owner does."""

    def __init__(self, home: Neighbours, number: int, handle: int, rng: random.Random) -> None:
        self.home, self.number, self.rng = home, number, rng
        self.store, self.mine = home.store(number, handle), home.owned[number]
        self.returned: list[object] = []
        self.wrong: list[str] = []
        self.seed = rng.randrange(1 << 20)
        self.name = rng.choice((*_NAMES, self.mine.mark.text))

    @property
    def concept(self) -> tuple[str, Kept] | None:
        """One of the owner's concepts."""
        return self.rng.choice([*self.mine.concepts.items()]) if self.mine.concepts else None

    @property
    def others(self) -> tuple[int, Kept] | None:
        """A concept of somebody else, and whose it is."""
        there = [one for one in self.home.owned if one is not self.mine and one.concepts]
        if not there:
            return None
        whose = self.rng.choice(there)
        return whose.mark.number, self.rng.choice([*whose.concepts.values()])

    def unknown(self, what: str, call: Callable[[], object]) -> None:
        """Something must not be found; what the refusal says is looked at too."""
        try:
            self.returned.append(call())
            self.wrong.append(f"{what} was found")
        except InputError as error:
            self.returned.append(str(error))
            if not isinstance(error, (UnknownConceptError, DuplicateConceptError)):
                self.wrong.append(f"{what} is refused with {type(error).__name__}: {error}")


def _remember(turn: _Turn) -> None:
    draft = turn.mine.mark.draft(turn.name, turn.seed)
    if turn.name in turn.mine.concepts:
        return turn.unknown("room for a second of one name", lambda: turn.store.add_concept(draft))
    made = turn.store.add_concept(draft)
    turn.returned.append(made)
    turn.mine.concepts[turn.name] = Kept(made.id, turn.seed)
    return None


def _replace(turn: _Turn) -> None:
    found = turn.concept
    if found is None:
        return
    old, kept = found
    new = turn.name if turn.name not in turn.mine.concepts else old
    turn.returned.append(turn.store.replace_concept(kept.id, turn.mine.mark.draft(new, turn.seed)))
    # It keeps its place: concepts stand in the order in which they came.
    turn.mine.concepts = {
        (new if name == old else name): (Kept(kept.id, turn.seed) if name == old else one)
        for name, one in turn.mine.concepts.items()
    }


def _forget(turn: _Turn) -> None:
    if turn.name not in turn.mine.concepts:
        return turn.unknown("a concept to forget", lambda: turn.store.forget(turn.name))
    turn.returned.append(turn.store.forget(turn.name))
    del turn.mine.concepts[turn.name]
    turn.mine.snapshots.clear()
    return None


def _get(turn: _Turn) -> None:
    if turn.name not in turn.mine.concepts:
        return turn.unknown("a concept of this name", lambda: turn.store.get(turn.name))
    one = turn.store.get(turn.name)
    turn.returned += [one, turn.store.vectors([one.id]).matrix, turn.store.photo(one.photos[0].id)]
    if one.id != turn.mine.concepts[turn.name].id:
        turn.wrong.append("another concept was found")
    return None


def _search(turn: _Turn) -> None:
    rows = turn.store.vectors()
    turn.returned += [rows.matrix, *turn.store.texts(None).values()]
    if set(rows.concept_ids) != {kept.id for kept in turn.mine.concepts.values()}:
        turn.wrong.append("vectors of other concepts")


def _segment(turn: _Turn) -> None:
    found, data = turn.concept, turn.mine.mark.data(turn.seed)
    if found is not None and turn.store.put_segment(found[1].id, FINGERPRINT, data):
        found[1].segment = data
    elif found is not None:
        turn.wrong.append("a segment was not kept")


def _texts(turn: _Turn) -> None:
    found = turn.concept
    if found is not None:
        rows, version = turn.mine.mark.vectors(turn.seed, 2), turn.store.find(found[1].id).updated
        if turn.store.put_texts(found[1].id, version, "texts", rows.astype(np.float16)):
            found[1].texts = rows
        else:
            turn.wrong.append("vectors of texts were not kept")


def _item(turn: _Turn) -> None:
    key, items = turn.rng.choice(_KEYS), items_of(turn.store)
    if key in turn.mine.items and turn.rng.random() < 0.2:
        items.write([(PLACE, key, None)])
        del turn.mine.items[key]
    else:
        items.write([(PLACE, key, ItemDraft({"seed": turn.seed, "by": turn.mine.mark.text}))])
        turn.mine.items[key] = turn.seed
    turn.returned += [items.get(PLACE, key), items.namespaces()]


def _setting(turn: _Turn) -> None:
    key = turn.rng.choice(_KEYS)
    turn.store.put_setting(key, str(turn.seed))
    turn.home.settings[key] = str(turn.seed)


def _snapshot(turn: _Turn) -> None:
    name, data = turn.rng.choice(_KEYS), turn.mine.mark.data(turn.seed)
    turn.store.put_snapshot(name, data)
    # An owner who was never there has no index to keep.
    if turn.store.snapshot(name) is not None:
        turn.mine.snapshots[name] = data


def _trespass(turn: _Turn) -> None:
    """Everything that takes an id, with the id of what is somebody else's."""
    other, store = turn.others, turn.store
    if other is None:
        return
    owner, theirs = other
    whose = turn.home.store(owner, 0).find(theirs.id)
    turn.unknown("another's concept", lambda: store.find(theirs.id))
    turn.unknown("another's photo", lambda: store.photo(whose.photos[0].id))
    draft = turn.mine.mark.draft(turn.name, turn.seed)
    turn.unknown("another's concept to replace", lambda: store.replace_concept(theirs.id, draft))
    found = (
        store.get_segment(theirs.id, FINGERPRINT),
        store.put_segment(theirs.id, FINGERPRINT, b"mine", updated=whose.updated),
        store.put_texts(theirs.id, whose.updated, "texts", np.ones((1, 8), np.float16)),
        store.drop_segments(theirs.id),
        store.vectors([theirs.id]).matrix.size,
        len(store.texts(None, [theirs.id])),
    )
    turn.returned.append(found)
    if any(found):
        turn.wrong.append(f"by the id of another's concept comes {found}")
    store.erase(theirs.id)
    # Of an unknown id nothing is there to erase, but for what an index may have learned of it.
    turn.mine.snapshots.clear()
    turn.wrong += turn.home.look(owner)


def _leave(turn: _Turn) -> None:
    turn.store.delete_owner()
    turn.home.owned[turn.number] = Owned(turn.mine.mark)


def _reopen(turn: _Turn) -> None:
    turn.home.reopen(turn.number)


ACTIONS: dict[str, Callable[[_Turn], None]] = {
    "remember": _remember,
    "replace": _replace,
    "forget": _forget,
    "get": _get,
    "search": _search,
    "segment": _segment,
    "texts": _texts,
    "item": _item,
    "setting": _setting,
    "snapshot": _snapshot,
    "trespass": _trespass,
    "leave": _leave,
    "reopen": _reopen,
}
"""What an owner may do."""
