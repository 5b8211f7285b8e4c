from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jarvis_memory.store import OwnerStore
from jarvis_memory.store.photos import put_photos
from jarvis_memory.store.securing import change_master, change_owner, secure, secured
from jarvis_retrievers.errors import (
    CorruptRecordError,
    LockedHomeError,
    WrongKeyError,
)
from tests.store.crash import items
from tests.store.drafts import draft
from tests.store.filled import PASSPHRASE, columns, everything, fill, no_key_around, wrapped
from tests.store.locked import KEY, OTHER, as_variable, files
from tests.store.test_forget import left, planted

__all__ = ["no_key_around"]


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


def test_a_rotten_key_is_no_wish_to_forget(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill(home, KEY)
    count = len(files(home / "blobs"))
    with closing(sqlite3.connect(home / "catalogue.sqlite")) as catalogue, catalogue:
        catalogue.execute("UPDATE data_keys SET wrapped = zeroblob(60) WHERE owner = 'ana'")
    with OwnerStore.open(home, "ana", key=KEY) as store:
        with pytest.raises(CorruptRecordError, match="data_keys does not match its digest"):
            store.list()
        assert len(files(home / "blobs")) == count
        store.delete_owner()  # it can still be meant
    with OwnerStore.open(home, "ana", key=KEY) as store:
        assert store.list() == []


def test_damaged_caches_are_left_out_and_damaged_photos_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill(home, KEY)
    with OwnerStore.open(home, "ana", key=KEY) as store:
        concept = store.list()[0]
        segment = store._catalogue.segments("ana", concept.id)[0].blob
        found = store._catalogue.photo("ana", concept.photos[0].id)
    assert found is not None
    path_of(home, segment.id).write_bytes(b"rot")
    change_owner(home, "ana", KEY)
    with OwnerStore.open(home, "ana", key=KEY) as store:
        assert [store.get_segment(one.id, "f") is None for one in store.list()] == [True, False]
        found = store._catalogue.photo("ana", concept.photos[0].id)
        assert found is not None
    before = wrapped(home)
    path_of(home, found[1].id).write_bytes(b"rot")
    with pytest.raises(CorruptRecordError, match=found[1].id):
        change_owner(home, "ana", KEY)
    assert wrapped(home) == before
    with OwnerStore.open(home, "ana", key=KEY) as store:
        assert store.photo(concept.photos[1].id)
        assert len(store.list()) == 2
    change_owner(home, "nobody", KEY)
    assert secured(home).encrypted == 2


def path_of(home: Path, blob: str) -> Path:
    return home / "blobs" / blob[:2] / blob[2:4] / blob
