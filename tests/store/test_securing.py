from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from jarvis_memory.store import MasterKey, OwnerStore
from jarvis_memory.store.backup import backup, restore
from jarvis_memory.store.items import ItemDraft
from jarvis_memory.store.photos import put_photos
from jarvis_memory.store.securing import change_master, change_owner, secure, secured, unsecure
from jarvis_retrievers.errors import (
    CorruptRecordError,
    ExtraError,
    HomeReadOnlyError,
    LockedHomeError,
    SettingError,
    WrongKeyError,
)
from tests.store.crash import items, state
from tests.store.drafts import draft
from tests.store.locked import KEY, OTHER, as_variable, files
from tests.store.test_forget import PIXELS, left, planted
from tests.store.test_master_key import InMemory, ring

__all__ = ["ring"]

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


def test_a_new_master_key(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill(home, KEY)
    before, old, blobs = everything(home, KEY), wrapped(home), files(home / "blobs")
    change_master(home, PASSPHRASE, KEY)
    assert secured(home).source == "passphrase"
    assert everything(home, PASSPHRASE) == before
    assert files(home / "blobs") == blobs  # rewrapped, not written anew
    assert len(set(wrapped(home)) & set(old)) == 0
    assert left(home, old) == []
    with pytest.raises(WrongKeyError):
        OwnerStore.open(home, "ana", key=KEY)


def test_a_new_key_of_an_owner(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill(home, KEY)
    before, old = everything(home, KEY), files(home / "blobs")
    keys = dict(zip(("ana", "ben"), wrapped(home), strict=True))
    sealed = columns(home, "ana")
    change_owner(home, "ana", KEY)
    assert everything(home, KEY) == before
    kept = files(home / "blobs")
    assert len(kept) == len(old)
    assert len(kept.items() & old.items()) == len(old) // 2  # those of ben
    assert not set(columns(home, "ana")) & set(sealed)
    assert wrapped(home)[1] == keys["ben"]
    assert left(home, [keys["ana"], *sealed]) == []


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


def test_an_owner_who_leaves(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill(home, KEY)
    ana, ben = wrapped(home)
    with OwnerStore.open(home, "ana", key=KEY) as store:
        sealed = columns(home, "ana")
        store.delete_owner()
        assert store.list() == []
        assert wrapped(home) == [ben]
        assert left(home, [ana, *sealed]) == []
        store.add_concept(draft("Bo", 1))  # and comes back
        assert [concept.name for concept in store.list()] == ["Bo"]
    with OwnerStore.open(home, "ben", key=KEY) as store:
        assert len(store.list()) == 2


def test_the_key_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    fill(home, KEY)
    ana = wrapped(home)[0]
    sealed, blobs = columns(home, "ana"), files(home / "blobs")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    store = OwnerStore.open(home, "ana", key=KEY)
    with monkeypatch.context() as patch:
        patch.setattr(type(store._catalogue), "tombstone", stop)
        with pytest.raises(KeyboardInterrupt):
            store.delete_owner()
    # All is still there, and nothing of it can be read: not even with the master key.
    assert (columns(home, "ana"), files(home / "blobs")) == (sealed, blobs)
    assert left(home, [ana]) == []
    with pytest.raises(CorruptRecordError, match="key of this owner is gone"):
        store._catalogue.concepts("ana")
    with pytest.raises(CorruptRecordError, match="a key that this owner does not have"):
        store.get_segment(store._catalogue.ids("ana")[0], "f")
    with pytest.raises(CorruptRecordError, match="key of this owner is gone"):
        items(store).namespaces()
    store.close()


def test_others_have_it_open_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    fill(home, None)
    with OwnerStore.open(home, "ana") as store, OwnerStore.open(home, "ana") as keyless:
        value, needles = planted(300, 5)
        late = put_photos(store._blobs, "ana", value, "0" * 32)
        monkeypatch.setenv("JARVIS_MASTER_KEY", as_variable(KEY))
        secure(home)
        with pytest.raises(WrongKeyError, match="changed during this write"):
            store._catalogue.add("ana", value.rows("ana", "0" * 32, late))
        store._blobs.delete("ana", late)
        assert store.add_concept(value).name == value.name
        change_owner(home, "ana")
        concept = store.get(value.name)
        assert store.photo(concept.photos[0].id) == value.checked_photos[0].data
        assert store.get_segment(store.list()[0].id, "f") is not None
        change_master(home, OTHER, KEY)
        monkeypatch.setenv("JARVIS_MASTER_KEY", as_variable(OTHER))
        assert len(store.list()) == 3
        monkeypatch.delenv("JARVIS_MASTER_KEY")
        for read in (keyless.list, keyless.usage, items(keyless).namespaces):
            with pytest.raises(LockedHomeError):
                read()
        with pytest.raises(LockedHomeError):
            keyless.add_concept(draft("Zoe", 9))
    assert left(home, needles) == []


def test_a_write_that_is_overtaken_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    fill(home, None)
    value, needles = planted(300, 5)
    with OwnerStore.open(home, "ana") as store:
        put = type(store._blobs).put
        monkeypatch.setenv("JARVIS_MASTER_KEY", as_variable(KEY))

        def late(*arguments: object, **named: object) -> object:
            written = put(*arguments, **named)  # type: ignore[arg-type]
            monkeypatch.setattr(type(store._blobs), "put", put)
            secure(home)
            return written

        monkeypatch.setattr(type(store._blobs), "put", late)
        with pytest.raises(WrongKeyError):
            store.add_concept(value)
    assert left(home, needles) == []


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
