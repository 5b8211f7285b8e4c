"""What an owner may do in a home of many, and what must come of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from jarvis_memory.store.items import ItemDraft
from jarvis_retrievers.errors import DuplicateConceptError, InputError, UnknownConceptError

from .operation import FINGERPRINT, PLACE, items_of
from .owned import Kept, Owned

if TYPE_CHECKING:
    from .neighbours import Neighbours

__all__ = ["ACTIONS", "KEYS", "Turn"]

_NAMES = ("Bo", "Mia", "Pip", "Zoe")
KEYS = ("tea", "mug")
"""Of settings, items and snapshots."""


class Turn:
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


def _remember(turn: Turn) -> None:
    draft = turn.mine.mark.draft(turn.name, turn.seed)
    if turn.name in turn.mine.concepts:
        return turn.unknown("room for a second of one name", lambda: turn.store.add_concept(draft))
    made = turn.store.add_concept(draft)
    turn.returned.append(made)
    turn.mine.concepts[turn.name] = Kept(made.id, turn.seed)
    return None


def _replace(turn: Turn) -> None:
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


def _forget(turn: Turn) -> None:
    if turn.name not in turn.mine.concepts:
        return turn.unknown("a concept to forget", lambda: turn.store.forget(turn.name))
    turn.returned.append(turn.store.forget(turn.name))
    del turn.mine.concepts[turn.name]
    turn.mine.snapshots.clear()
    return None


def _get(turn: Turn) -> None:
    if turn.name not in turn.mine.concepts:
        return turn.unknown("a concept of this name", lambda: turn.store.get(turn.name))
    one = turn.store.get(turn.name)
    turn.returned += [one, turn.store.vectors([one.id]).matrix, turn.store.photo(one.photos[0].id)]
    if one.id != turn.mine.concepts[turn.name].id:
        turn.wrong.append("another concept was found")
    return None


def _search(turn: Turn) -> None:
    rows = turn.store.vectors()
    turn.returned += [rows.matrix, *turn.store.texts(None).values()]
    if set(rows.concept_ids) != {kept.id for kept in turn.mine.concepts.values()}:
        turn.wrong.append("vectors of other concepts")


def _segment(turn: Turn) -> None:
    found, data = turn.concept, turn.mine.mark.data(turn.seed)
    if found is not None and turn.store.put_segment(found[1].id, FINGERPRINT, data):
        found[1].segment = data
    elif found is not None:
        turn.wrong.append("a segment was not kept")


def _texts(turn: Turn) -> None:
    found = turn.concept
    if found is not None:
        rows, version = turn.mine.mark.vectors(turn.seed, 2), turn.store.find(found[1].id).updated
        if turn.store.put_texts(found[1].id, version, "texts", rows.astype(np.float16)):
            found[1].texts = rows
        else:
            turn.wrong.append("vectors of texts were not kept")


def _item(turn: Turn) -> None:
    key, items = turn.rng.choice(KEYS), items_of(turn.store)
    if key in turn.mine.items and turn.rng.random() < 0.2:
        items.write([(PLACE, key, None)])
        del turn.mine.items[key]
    else:
        items.write([(PLACE, key, ItemDraft({"seed": turn.seed, "by": turn.mine.mark.text}))])
        turn.mine.items[key] = turn.seed
    turn.returned += [items.get(PLACE, key), items.namespaces()]


def _setting(turn: Turn) -> None:
    key = turn.rng.choice(KEYS)
    turn.store.put_setting(key, str(turn.seed))
    turn.home.settings[key] = str(turn.seed)


def _snapshot(turn: Turn) -> None:
    name, data = turn.rng.choice(KEYS), turn.mine.mark.data(turn.seed)
    turn.store.put_snapshot(name, data)
    # An owner who was never there has no index to keep.
    if turn.store.snapshot(name) is not None:
        turn.mine.snapshots[name] = data


def _trespass(turn: Turn) -> None:
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


def _leave(turn: Turn) -> None:
    turn.store.delete_owner()
    turn.home.owned[turn.number] = Owned(turn.mine.mark)


def _reopen(turn: Turn) -> None:
    turn.home.reopen(turn.number)


ACTIONS: dict[str, Callable[[Turn], None]] = {
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
