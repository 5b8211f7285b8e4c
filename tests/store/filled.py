"""Homes with markers in everything that can hold one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from jarvis_memory.store import MasterKey, OwnerStore
from jarvis_memory.store.items import ItemDraft
from tests.store.crash import items, state
from tests.store.test_forget import PIXELS, planted

COLUMNS = (("concepts", "body"), ("photos", "pixels"), ("vectors", "data"), ("items", "value"))
PASSPHRASE = MasterKey.from_passphrase("correct horse", cost=2**10)


@pytest.fixture(autouse=True)
def no_key_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JARVIS_MASTER_KEY", "JARVIS_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)


def fill(home: Path, key: MasterKey | None) -> list[bytes]:
    """A home with markers in everything that can hold one; returns what must not be found in any file."""
    needles: list[bytes] = []
    for owner, start in (("ana", 100), ("ben", 200)):
        with OwnerStore.open(home, owner, key=key) as store:
            for number in (start, start + 1):
                value, found = planted(number, 400)
                concept = store.add_concept(value)
                marker = value.name
                store.put_segment(concept.id, "f", PIXELS + value.name.encode())
                vectors = np.arange(start + number, start + number + 24, dtype=np.float16).reshape(3, 8)
                assert store.put_texts(concept.id, concept.updated, "e", vectors)
                store.put_snapshot(f"s{number}", f"snapshot of {marker}".encode())
                floats = np.arange(number, number + 6, dtype=np.float32).reshape(2, 3)
                item = ItemDraft({"of": f"{marker} item"}, None, (f"{marker} field",), "e", "tt", floats)
                items(store).write([((f"{marker} place", "b"), f"{marker} key", item)])
                needles += [*found, vectors.astype("<f2").tobytes(), floats.astype("<f4").tobytes(), PIXELS]
    return needles


def everything(home: Path, key: MasterKey | None) -> list[object]:
    found: list[object] = []
    for owner in ("ana", "ben"):
        with OwnerStore.open(home, owner, key=key) as store:
            texts = {key: rows.tolist() for key, rows in store.texts("e").items()}
            names = sorted(store._catalogue.snapshots(owner))
            found += [state(store), texts, [store.snapshot(name) for name in names], store.usage()]
            found += [items(store).namespaces(), store.list(), [*store.verify()]]
            assert len(names) == len(texts) == len(store.list()) == 2
    return found


def wrapped(home: Path) -> list[bytes]:
    with closing(sqlite3.connect(home / "catalogue.sqlite")) as catalogue:
        return [row[0] for row in catalogue.execute("SELECT wrapped FROM data_keys ORDER BY owner")]


def columns(home: Path, owner: str) -> list[bytes]:
    with closing(sqlite3.connect(home / "catalogue.sqlite")) as catalogue:
        return [
            row[0]
            for table, column in COLUMNS
            for row in catalogue.execute(f"SELECT {column} FROM {table} WHERE owner = ?", (owner,))
        ]
