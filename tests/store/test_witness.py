"""Acknowledged writes that are lost are told, whatever lost them."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from jarvis_memory.store import OwnerStore
from jarvis_retrievers.errors import CorruptRecordError
from tests.store.drafts import draft


def killed(home: Path) -> Path:
    """A home whose last writes are in the -wal file alone."""
    with OwnerStore.open(home, "ana") as store:
        store.add_concept(draft("Bo", 1))
    child = os.fork()
    if child == 0:
        store = OwnerStore.open(home, "ana")
        store.add_concept(draft("Mia", 2))
        store.put_setting("key", "value")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    return home


def names(home: Path, **options: Any) -> list[str]:
    with OwnerStore.open(home, "ana", **options) as store:
        return [concept.name for concept in store.list()]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("place", [8, 40, 20_000, -10, None])
def test_a_damaged_log_is_told(tmp_path: Path, place: int | None) -> None:
    """SQLite goes back to the last frame of its -wal file that is sound, without a word."""
    home = killed(tmp_path / "home")
    log = home / "catalogue.sqlite-wal"
    data = bytearray(log.read_bytes())
    if place is None:
        log.unlink()
    else:
        data[place] ^= 4
        log.write_bytes(data)
    for _ in range(2):
        with pytest.raises(CorruptRecordError, match="acknowledged writes are not in"):
            names(home)
    assert "Bo" in names(home, accept_loss=True)
    assert "Bo" in names(home)


def test_a_sound_log_is_believed(tmp_path: Path) -> None:
    assert names(killed(tmp_path / "home")) == ["Bo", "Mia"]


def test_an_older_catalogue_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with OwnerStore.open(home, "ana") as store:
        store.add_concept(draft("Bo", 1))
    shutil.copy(home / "catalogue.sqlite", tmp_path / "old")
    with OwnerStore.open(home, "ana") as store:
        store.put_setting("key", "value")
    shutil.copy(tmp_path / "old", home / "catalogue.sqlite")
    with pytest.raises(CorruptRecordError, match="the last 1 acknowledged"):
        names(home)
    with pytest.raises(CorruptRecordError, match="the last 1 acknowledged"):
        names(home, read_only=True)


@pytest.mark.parametrize("witness", [True, False])
@pytest.mark.parametrize("emptied", [True, False])
def test_a_catalogue_that_is_gone_is_not_made_anew(tmp_path: Path, witness: bool, emptied: bool) -> None:
    home = tmp_path / "home"
    with OwnerStore.open(home, "ana") as store:
        store.add_concept(draft("Bo", 1))
    if emptied:
        os.truncate(home / "catalogue.sqlite", 0)
    else:
        (home / "catalogue.sqlite").unlink()
    if not witness:
        (home / "catalogue.sqlite-witness").unlink()
    with pytest.raises(CorruptRecordError, match="gone or empty"):
        names(home)
    assert any(path.is_file() for path in (home / "blobs").rglob("*"))


@pytest.mark.parametrize("data", [b"", b"nonsense", b"9" * 10 + b" " + b"0" * 64 + b"\n"])
def test_a_damaged_witness_is_nobody(tmp_path: Path, data: bytes) -> None:
    home = tmp_path / "home"
    with OwnerStore.open(home, "ana") as store:
        store.add_concept(draft("Bo", 1))
    (home / "catalogue.sqlite-witness").write_bytes(data)
    assert names(home) == ["Bo"]
    with OwnerStore.open(home, "ana") as store:
        store.put_setting("key", "value")
    connection = sqlite3.connect(home / "catalogue.sqlite")
    (count,) = connection.execute("SELECT value FROM meta WHERE key = 'writes'").fetchone()
    connection.close()
    assert (home / "catalogue.sqlite-witness").read_bytes().startswith(b"%d " % count)
