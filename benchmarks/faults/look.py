"""Looking at a damaged home: whatever is wrong with it must be said, and nothing false told."""

from __future__ import annotations

import json
import os
import signal
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from jarvis_memory.concept import Concept
from jarvis_memory.store import OwnerStore
from jarvis_retrievers.errors import CorruptRecordError, JarvisError

from .base import OWNER
from .operation import FINGERPRINT, PLACE, items_of
from .state import State, concept_digest, digest_of

__all__ = ["look"]

_SECONDS = 20


def look(home: Path, expected: State) -> tuple[str, list[str]]:
    """Read all of a home in a process of its own, within some seconds.

    Returns:
        ``"intact"``, ``"missed"`` (a cache is not there), ``"told"`` (an error names what is damaged) or
        ``"refused"`` (the home is not opened, and why is said); and what must not be.
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_SECONDS)
        try:
            found = _read(home, expected)
        except BaseException:
            found = ("crashed", [traceback.format_exc()[-600:]])
        os.write(write, json.dumps(found).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        said = file.read()
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return "crashed", [f"ended by signal {os.WTERMSIG(status)}"]
    outcome, wrong = json.loads(said)
    return outcome, wrong


def _read(home: Path, expected: State) -> tuple[str, list[str]]:
    wrong: list[str] = []
    told: set[str] = set()
    found: State = {}

    def look_at(key: str, what: Callable[[], None]) -> None:
        try:
            what()
        except JarvisError as error:
            if not isinstance(error, CorruptRecordError):
                wrong.append(f"an error that does not tell of damage: {type(error).__name__}: {error}")
            told.add(key)

    try:
        store = OwnerStore.open(home, OWNER)
    except JarvisError as error:
        return "refused", [] if isinstance(error, CorruptRecordError) else [
            f"{type(error).__name__}: {error}"
        ]
    with store:
        look_at("concept", lambda: _concepts(store, found, look_at))
        for key in expected:
            kind, name = key.split(" ", 1)
            if kind in ("setting", "snapshot"):
                look_at(key, partial(_keyed, store, kind, name, found))
        look_at(
            "item",
            lambda: found.update(
                {f"item {i.key}": str(i.draft.value["seed"]) for i in items_of(store).under(PLACE)}
            ),
        )
        verified = [finding.what for finding in store.verify()]
    for key in found.keys() | expected.keys():
        if key in found and found[key] != expected.get(key):
            wrong.append(f"{key} is told wrongly")
        lost = key not in found and not key.startswith(("segment ", "snapshot "))
        if lost and not {key, key.split(" ")[0]} & told:
            wrong.append(f"{key} is lost silently" + (" (verify finds it)" if verified else ""))
    if told:
        return "told", wrong
    return ("intact" if found == expected else "missed"), wrong


def _concepts(store: OwnerStore, found: State, look_at: Callable[[str, Callable[[], None]], None]) -> None:
    for concept in store.list():
        look_at(f"concept {concept.name}", partial(_concept, store, concept, found))
        look_at(f"segment {concept.name}", partial(_segment, store, concept, found))


def _concept(store: OwnerStore, concept: Concept, found: State) -> None:
    photos = [store.photo(photo.id) for photo in concept.photos]
    number = {photo.id: n for n, photo in enumerate(concept.photos)}
    boxes = [(number[patch.photo_id], patch.box) for patch in concept.patches]
    matrix = store.vectors([concept.id]).matrix
    found[f"concept {concept.name}"] = concept_digest(concept.about, photos, boxes, matrix)


def _segment(store: OwnerStore, concept: Concept, found: State) -> None:
    try:
        data = store.get_segment(concept.id, FINGERPRINT)
    except CorruptRecordError:
        return  # a miss: it is made again
    if data is not None:
        found[f"segment {concept.name}"] = digest_of([data])


def _keyed(store: OwnerStore, kind: str, name: str, found: State) -> None:
    if kind == "setting":
        value = store.setting(name)
        if value is not None:
            found[f"setting {name}"] = value
        return
    try:
        data = store.snapshot(name)
    except CorruptRecordError:
        return
    if data is not None:
        found[f"snapshot {name}"] = digest_of([data])
