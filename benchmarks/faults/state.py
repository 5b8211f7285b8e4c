"""What a home should hold, and what it does: the oracle of every fault."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from jarvis_memory.store import OwnerStore
from jarvis_retrievers.boxes import Box
from jarvis_retrievers.errors import JarvisError, NoRoomError

from .drawn import drawn
from .operation import FINGERPRINT, PLACE, Operation, cached, items_of

__all__ = ["State", "after", "concept_digest", "differences", "digest_of", "draw", "observe", "seen"]

State = dict[str, str]
"""``"concept Bo"``, ``"segment Bo"``, ``"setting k"``, ``"item k"``, ``"snapshot k"`` -> its digest."""


def after(state: State, operation: Operation) -> State:
    """The state once an operation is done."""
    name, seeds = operation.name, operation.seeds
    new = dict(state)
    match operation.kind:
        case "remember" | "update" | "append":
            new[f"concept {name}"] = _drawn(name, seeds)
            new.pop(f"segment {name}", None)
        case "forget":
            for gone in [
                f"concept {name}",
                f"segment {name}",
                *(k for k in new if k.startswith("snapshot ")),
            ]:
                new.pop(gone, None)
        case "leave":
            new = {key: value for key, value in new.items() if key.startswith("setting ")}
        case "segment" | "snapshot":
            new[f"{operation.kind} {name}"] = digest_of([cached(name, seeds[0])])
        case "setting" | "item":
            new[f"{operation.kind} {name}"] = str(seeds[0])
        case "drop":
            new.pop(f"item {name}", None)
        case "backup" | "die":
            pass
    return new


def draw(rng: random.Random, prefix: str, count: int, names: int = 6) -> Iterator[Operation]:
    """Operations that go one after the other, on concepts and keys of a prefix that nobody else uses."""
    there: dict[str, tuple[int, ...]] = {}
    keys: set[str] = set()
    for _ in range(count):
        name = f"{prefix}{rng.randrange(names)}"
        seed = rng.randrange(1 << 29)
        chance = rng.random()
        if chance < 0.1:
            yield Operation("setting", name, (seed,))
        elif chance < 0.25:
            if name in keys and rng.random() < 0.4:
                keys.discard(name)
                yield Operation("drop", name)
            else:
                keys.add(name)
                yield Operation("item", name, (seed,))
        elif name not in there:
            there[name] = (seed,)
            yield Operation("remember", name, (seed,))
        elif chance < 0.45:
            yield Operation("segment", name, (seed,))
        elif chance < 0.6:
            there[name] = (seed,)
            yield Operation("update", name, (seed,))
        elif chance < 0.75 and len(there[name]) < 4:
            there[name] = (*there[name], seed)
            yield Operation("append", name, there[name])
        else:
            del there[name]
            yield Operation("forget", name)


def seen(store: OwnerStore, settings: Iterable[str] = (), snapshots: Iterable[str] = ()) -> State:
    """What an open store holds; every byte of it is read.

    Raises:
        JarvisError: something is damaged.
    """
    state: State = {}
    for concept in store.list():
        photos = [store.photo(photo.id) for photo in concept.photos]
        number = {photo.id: n for n, photo in enumerate(concept.photos)}
        boxes = [(number[patch.photo_id], patch.box) for patch in concept.patches]
        matrix = store.vectors([concept.id]).matrix
        state[f"concept {concept.name}"] = concept_digest(concept.about, photos, boxes, matrix)
        segment = store.get_segment(concept.id, FINGERPRINT)
        if segment is not None:
            state[f"segment {concept.name}"] = digest_of([segment])
    for item in items_of(store).under(PLACE):
        state[f"item {item.key}"] = str(item.draft.value["seed"])
    for key in settings:
        value = store.setting(key)
        if value is not None:
            state[f"setting {key}"] = value
    for name in snapshots:
        data = store.snapshot(name)
        if data is not None:
            state[f"snapshot {name}"] = digest_of([data])
    return state


def observe(home: Path, owner: str, like: Iterable[State]) -> tuple[State, list[str]]:
    """What a new process finds, and what is wrong with it besides.

    Opening recovers; then files that nothing points to are swept, and no file may be left that has no row.
    Settings and snapshots are looked up under the keys of the states that it may be ``like``.
    """
    keys = {key for state in like for key in state}
    settings = sorted(key.split(" ", 1)[1] for key in keys if key.startswith("setting "))
    snapshots = sorted(key.split(" ", 1)[1] for key in keys if key.startswith("snapshot "))
    try:
        with OwnerStore.open(home, owner) as store:
            state = seen(store, settings, snapshots)
            wrong = [f"verify: {finding.what}" for finding in store.verify()]
            try:
                store.sweep(0)
            except NoRoomError:
                return state, wrong  # it is tried again when there is room
            files = {p.name for part in ("blobs", "tmp") for p in (home / part).rglob("*") if p.is_file()}
            if files != store._catalogue.live_blobs():
                wrong.append("a file without a row is left, or a row without its file")
    except JarvisError as error:
        return {}, [f"the home cannot be read: {type(error).__name__}: {error}"]
    return state, wrong


def differences(found: State, wanted: State) -> str:
    """What is lost, what is there that must not be, and what has changed; empty if nothing."""
    words = [
        *(f"lost {key}" for key in sorted(wanted.keys() - found.keys())),
        *(f"phantom {key}" for key in sorted(found.keys() - wanted.keys())),
        *(f"changed {key}" for key in sorted(wanted.keys() & found.keys()) if wanted[key] != found[key]),
    ]
    return ", ".join(words[:6]) + (f" and {len(words) - 6} more" if len(words) > 6 else "")


def _drawn(name: str, seeds: tuple[int, ...]) -> str:
    draft = drawn(name, seeds)
    rows = draft.rows("", "", ())
    halves = [half.astype("f4") for half in (rows.patch_vectors, rows.profile_vectors)]
    boxes = [(patch.photo, patch.box) for patch in draft.patches]
    taken = [photo.data for photo in draft.checked_photos]
    return concept_digest(rows.concept.about, taken, boxes, *halves)


def concept_digest(
    notes: Sequence[str], photos: Sequence[bytes], boxes: Sequence[tuple[int, Box]], *vectors: NDArray[Any]
) -> str:
    """One of all that a concept is: notes, bytes of photos, boxes by number of photo, vectors (float32)."""
    texts = [repr((tuple(notes), [(n, b.left, b.top, b.right, b.bottom) for n, b in boxes])).encode()]
    return digest_of([*texts, *photos, b"".join(matrix.tobytes() for matrix in vectors)])


def digest_of(parts: Iterable[bytes]) -> str:
    """16 hexadecimal digits of SHA-256 over parts that cannot run into each other."""
    state = hashlib.sha256()
    for part in parts:
        state.update(len(part).to_bytes(8, "little") + part)
    return state.hexdigest()[:16]
