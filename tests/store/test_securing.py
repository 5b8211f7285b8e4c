from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from jarvis_memory.store import MasterKey, OwnerStore
from jarvis_memory.store.backup import backup, restore
from jarvis_memory.store.keyless import check_bytes
from jarvis_memory.store.securing import change_master, change_owner, secure, secured, unsecure
from jarvis_retrievers.errors import (
    CorruptRecordError,
    ExtraError,
    HomeReadOnlyError,
    LockedHomeError,
    SettingError,
    WrongKeyError,
)
from tests.store.drafts import draft
from tests.store.filled import PASSPHRASE, everything, fill, no_key_around
from tests.store.locked import KEY, OTHER, files
from tests.store.test_forget import left, planted
from tests.store.test_master_key import InMemory, ring

__all__ = ["no_key_around", "ring"]


@pytest.mark.parametrize("born", ["plain", "encrypted"])
def test_no_file_shows_anything(tmp_path: Path, born: str) -> None:
    home = tmp_path / "home"
    needles = fill(home, None if born == "plain" else KEY)
    if born == "plain":
        assert {needle for _, needle in left(home, needles)} == set(needles)
        before = everything(home, None)
        secure(home, KEY)
        assert everything(home, KEY) == before
    with OwnerStore.open(home, "ana", key=KEY) as store:
        store.add_concept(planted(300, 5)[0])
        assert left(home, needles + planted(300, 5)[1]) == []  # the log, too
    assert left(home, needles + planted(300, 5)[1]) == []
    assert secured(home).encrypted == 2


def test_there_and_back(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill(home, None)
    before = everything(home, None)
    assert secured(home).source is None
    seen: list[int] = []
    secure(home, KEY, seen.append)
    assert seen == [1, 2]
    assert (secured(home).source, secured(home).encrypted, secured(home).plain) == ("key", 2, 0)
    with pytest.raises(SettingError, match="encrypted already"):
        secure(home, KEY)
    unsecure(home, KEY)
    assert everything(home, None) == before
    for wrong in (unsecure, partial(change_master, new=KEY), partial(change_owner, owner="ana")):
        with pytest.raises(SettingError, match="is not encrypted"):
            wrong(home)
    secure(home, OTHER)
    assert everything(home, OTHER) == before
    with pytest.raises(SettingError, match="no home at"):
        secured(tmp_path / "none")


@pytest.mark.parametrize("log", ["folded", "left"])
def test_without_its_key_a_home_is_refused_and_not_touched(tmp_path: Path, log: str) -> None:
    home = tmp_path / "home"
    secure_passphrase(home)
    if log == "left":
        child = os.fork()
        if child == 0:
            store = OwnerStore.open(home, "ana", key=PASSPHRASE)
            store.add_concept(draft("Mia", 2))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    before = files(home)
    assert any(path.name.endswith("-wal") and data for path, data in before.items()) is (log == "left")
    for key, error, says in (
        (None, LockedHomeError, "set JARVIS_PASSPHRASE"),
        (MasterKey.from_passphrase("wrong"), WrongKeyError, "not the passphrase"),
        (KEY, WrongKeyError, "not the passphrase"),
    ):
        for read_only in (False, True):
            with pytest.raises(error, match=says) as caught:
                OwnerStore.open(home, "ana", key=key, read_only=read_only)
            assert "\n" not in str(caught.value)
            assert "correct horse" not in str(caught.value)
    after = files(home)
    assert {path: data for path, data in after.items() if not path.name.endswith("-shm")} == {
        path: data for path, data in before.items() if not path.name.endswith("-shm")
    }
    with OwnerStore.open(home, "ana", key=PASSPHRASE) as store:
        assert [concept.name for concept in store.list()] == ["Bo"] + ["Mia"] * (log == "left")


def secure_passphrase(home: Path) -> None:
    with OwnerStore.open(home, "ana", key=PASSPHRASE) as store:
        store.add_concept(draft("Bo", 1))


def test_a_key_for_a_home_that_is_not_encrypted(tmp_path: Path) -> None:
    with OwnerStore.open(tmp_path, "ana") as store:
        store.add_concept(draft("Bo", 1))
    with pytest.raises(SettingError, match="is not encrypted; run `jarvis secure on`"):
        OwnerStore.open(tmp_path, "ana", key=KEY)
    with pytest.raises(HomeReadOnlyError):
        OwnerStore.open(tmp_path / "none", "ana", key=KEY, read_only=True)


def test_keys_are_found_in_environment_and_keyring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ring: InMemory
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for home in (one, two):
        with OwnerStore.open(home, "ana") as store:
            store.add_concept(draft("Bo", 1))
    monkeypatch.setenv("JARVIS_PASSPHRASE", "correct horse")
    secure(one, PASSPHRASE)
    OwnerStore.open(one, "ana").close()
    monkeypatch.delenv("JARVIS_PASSPHRASE")
    secure(two, MasterKey.from_keyring(make=True))
    with OwnerStore.open(two, "ana") as store:
        assert store.get("bo").name == "Bo"
    assert secured(two).name in {name for _, name in ring.kept}
    ring.kept.clear()
    with pytest.raises(LockedHomeError, match="keyring has no key"):
        OwnerStore.open(two, "ana")
    with pytest.raises(LockedHomeError, match="set JARVIS_PASSPHRASE"):
        OwnerStore.open(one, "ana")
    with pytest.raises(SettingError, match="no key to encrypt"):
        secure(tmp_path_with_home(tmp_path / "three"))


def tmp_path_with_home(home: Path) -> Path:
    OwnerStore.open(home, "ana").close()
    return home


def test_without_the_extra_an_encrypted_home_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, plain = tmp_path / "home", tmp_path / "plain"
    secure_passphrase(home)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    before = files(home)
    with pytest.raises(ExtraError, match=r"\[secure\]"):
        OwnerStore.open(home, "ana", key=PASSPHRASE)
    assert files(home) == before
    with OwnerStore.open(plain, "ana") as store:
        store.add_concept(draft("Bo", 1))


def test_rot_is_found_without_the_key(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill(home, KEY)
    before = files(home)
    assert list(check_bytes(home)) == []
    assert files(home) == before
    for path, data in files(home / "blobs").items():
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        (found,) = check_bytes(home)
        assert str(path) in found.what
        path.write_bytes(data)
    for table in ("concepts", "photos", "patches", "vectors", "items", "segments", "data_keys", "lock"):
        with closing(sqlite3.connect(home / "catalogue.sqlite")) as catalogue, catalogue:
            catalogue.execute(f"UPDATE {table} SET digest = zeroblob(32) WHERE rowid = 1")
    assert len(list(check_bytes(home))) == 8
    with pytest.raises(SettingError, match="no home at"):
        list(check_bytes(tmp_path / "none"))


def test_a_backup_needs_no_key(tmp_path: Path) -> None:
    home, copy, new = tmp_path / "home", tmp_path / "copy", tmp_path / "new"
    fill(home, KEY)
    before = everything(home, KEY)
    backup(home, copy)
    restore(copy, new)
    assert everything(new, KEY) == before
    blob = next(path for path in sorted((copy / "blobs").rglob("*")) if path.is_file())
    data = bytearray(blob.read_bytes())
    data[-1] ^= 1
    blob.unlink()
    blob.write_bytes(data)
    with pytest.raises(CorruptRecordError, match="digest"):
        restore(copy, tmp_path / "again")


def test_photos_without_rows_are_not_left_readable(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill(home, None)
    with OwnerStore.open(home, "cut") as store:
        # What a process that was killed has left of an owner who is not there yet.
        store._blobs.put("cut", "photo", b"PLAIN MARKER")
    assert left(home, [b"PLAIN MARKER"])
    secure(home, KEY)
    assert left(home, [b"PLAIN MARKER"]) == []


def test_what_is_being_forgotten_stops_nobody(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with OwnerStore.open(home, "ana") as store:
        store.add_concept(draft("Bo", 1))
        mia = store.add_concept(draft("Mia", 2))
        # Killed between the files and the rows.
        store._blobs.delete("ana", store._catalogue.tombstone("ana", mia.id))
    backup(home, tmp_path / "backup")
    secure(home, KEY)
    assert secured(home).finished
    restore(tmp_path / "backup", tmp_path / "again")
    for one, key in ((home, KEY), (tmp_path / "again", None)):
        with OwnerStore.open(one, "ana", key=key) as store:
            assert [concept.name for concept in store.list()] == ["Bo"]
            assert list(store.verify()) == []


def test_a_key_that_an_index_hides_is_not_made_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with OwnerStore.open(home, "ana", key=KEY) as store:
        store.add_concept(draft("Bo", 1))
    with closing(sqlite3.connect(home / "catalogue.sqlite", isolation_level=None)) as connection:
        connection.execute("DELETE FROM data_keys")
    with (
        OwnerStore.open(home, "ana", key=KEY) as store,
        pytest.raises(CorruptRecordError, match="key is not shown"),
    ):
        store.add_concept(draft("Mia", 2))


def test_a_new_home_takes_the_key_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JARVIS_PASSPHRASE", "words of a passphrase")
    with OwnerStore.open(tmp_path / "home", "ana") as store:
        store.add_concept(draft("Bo", 1))
    assert secured(tmp_path / "home").source == "passphrase"
    monkeypatch.delenv("JARVIS_PASSPHRASE")
    with pytest.raises(LockedHomeError):
        OwnerStore.open(tmp_path / "home", "ana")
