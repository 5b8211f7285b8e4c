"""One thing that is done to a home."""

from __future__ import annotations

import os
import random
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jarvis_memory.store import OwnerStore, places
from jarvis_memory.store.backup import backup
from jarvis_memory.store.item_store import ItemStore
from jarvis_memory.store.items import ItemDraft

from .drawn import drawn

__all__ = ["FINGERPRINT", "KINDS", "PLACE", "Kind", "Operation", "cached", "items_of", "perform"]

Kind = Literal[
    "remember",
    "update",
    "append",
    "forget",
    "segment",
    "setting",
    "item",
    "drop",
    "snapshot",
    "leave",
    "backup",
    "die",
]
KINDS: tuple[Kind, ...] = (
    *("remember", "update", "append", "forget", "segment", "setting", "item", "drop", "snapshot"),
    *("leave", "backup", "die"),
)
"""What can be done: ``drop`` deletes an item, ``leave`` deletes the owner, ``die`` kills the process."""

FINGERPRINT = "faults"
PLACE = ("faults",)


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done, to what, and what it is then made of.

    Attributes:
        kind: see `KINDS`.
        name: a concept's name, or a key.
        seeds: what the content is drawn from; those of a concept, all of them, oldest first.
    """

    kind: Kind
    name: str
    seeds: tuple[int, ...] = ()


def cached(name: str, seed: int) -> bytes:
    """What stands for a segment or a snapshot: bytes that nothing else can be taken for."""
    return random.Random(f"{name}/{seed}").randbytes(1500)


def items_of(store: OwnerStore) -> ItemStore:
    """The items of the same owner in the same home."""
    return places.items_of(store._catalogue, store.owner)


def perform(store: OwnerStore, operation: Operation, folder: Path | None = None) -> None:
    """Do it; ``folder`` is where a backup goes."""
    name, seeds = operation.name, operation.seeds
    match operation.kind:
        case "remember":
            store.add_concept(drawn(name, seeds))
        case "update" | "append":
            store.replace_concept(store.get(name).id, drawn(name, seeds))
        case "forget":
            store.forget(name)
        case "segment":
            store.put_segment(store.get(name).id, FINGERPRINT, cached(name, seeds[0]))
        case "setting":
            store.put_setting(name, str(seeds[0]))
        case "item" | "drop":
            draft = ItemDraft({"seed": seeds[0]}) if seeds else None
            items = items_of(store)
            items.write([(PLACE, name, draft)])
            items.tidy()
        case "snapshot":
            store.put_snapshot(name, cached(name, seeds[0]))
        case "leave":
            store.delete_owner()
        case "backup":
            if folder is None:
                raise ValueError("a backup needs a folder")
            backup(folder.parent / "home", folder)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
