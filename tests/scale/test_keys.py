"""A cluster whose photos and segments are encrypted, in a folder and in a bucket; its rows are not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from benchmarks.postgres_server import Server
from jarvis_memory.store import BlobStore, FileBlobStore, MasterKey, OwnerStore, SegmentRow
from jarvis_memory.store.places import open_place
from jarvis_memory.store.postgres import Cluster, ClusterRing, PostgresCatalogue
from jarvis_memory.store.postgres.keys import refuse_other_keys
from jarvis_memory.store.postgres.rows import enter
from jarvis_retrievers.errors import (
    CorruptRecordError,
    HomeReadOnlyError,
    LockedHomeError,
    SettingError,
    StoreError,
    WrongKeyError,
)
from tests.scale.conftest import admin
from tests.scale.s3 import S3Server
from tests.scale.test_erasure import rows_with
from tests.scale.test_objects import keys_in, objects_with
from tests.store.conformance_bytes import BlobConformance
from tests.store.drafts import draft
from tests.store.locked import KEY, OTHER, as_variable
from tests.store.test_forget import PIXELS, left, planted


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JARVIS_MASTER_KEY", "JARVIS_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)


class TestEncryptedFolder(BlobConformance):
    repeats = False

    @pytest.fixture
    def blobs(self, database: str, tmp_path: Path) -> Iterator[BlobStore]:
        cluster = Cluster(database)
        yield FileBlobStore(tmp_path, keys=ClusterRing(cluster, KEY))
        cluster.close()


def files_of(store: OwnerStore) -> FileBlobStore:
    assert isinstance(store._blobs, FileBlobStore)
    return store._blobs


def test_what_is_encrypted_and_what_is_not(server: Server, database: str, tmp_path: Path) -> None:
    value, _ = planted(1, 1)
    with OwnerStore.open(database, "ana", blobs=tmp_path, key=KEY) as store:
        concept = store.add_concept(value)
        store.put_segment(concept.id, "f", PIXELS)
        store.put_snapshot("s", PIXELS)
        photos = [store.photo(photo.id) for photo in concept.photos]
        assert photos == [photo.data for photo in value.checked_photos]
    assert left(tmp_path, [PIXELS]) == []
    # The server sees the rest: this is no secret from whoever runs it.
    assert rows_with(server, value.name) != []
    with OwnerStore.open(database, "ana", blobs=tmp_path, key=KEY) as store:
        assert store.get_segment(concept.id, "f") == PIXELS
        assert list(store.verify()) == []
        store.forget(value.name)
        assert store.sweep(0) == 0


def test_in_a_bucket_with_copies_near(s3_server: S3Server, s3: str, database: str, tmp_path: Path) -> None:
    value, _ = planted(2, 1)
    url = f"s3://{s3}/photos?cache={tmp_path}"
    with OwnerStore.open(database, "ana", blobs=url, key=KEY) as store:
        concept = store.add_concept(value)
        for _ in range(2):
            assert store.photo(concept.photos[0].id) == value.checked_photos[0].data
        assert len(keys_in(s3_server, s3)) == 1 + len(concept.photos)
        assert objects_with(s3_server, s3, PIXELS) == {}
        assert [path for path in tmp_path.rglob("*") if path.is_file()] != []
        assert left(tmp_path, [PIXELS]) == []
        store.delete_owner()
    assert keys_in(s3_server, s3) == ["photos/cluster"]


def test_a_wrong_or_missing_key_is_one_line(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OwnerStore.open(database, "ana", blobs=tmp_path, key=KEY) as store:
        store.add_concept(draft())
    cases: tuple[tuple[MasterKey | None, type[Exception], str], ...] = (
        (None, LockedHomeError, "is encrypted and its key is not given; set JARVIS_MASTER_KEY"),
        (OTHER, WrongKeyError, "this is not the key of the home postgresql://"),
        (MasterKey.from_passphrase("some words", cost=1024), WrongKeyError, "this is not the key"),
    )
    for key, kind, match in cases:
        for read_only in (False, True):
            with pytest.raises(kind, match=match) as caught:
                OwnerStore.open(database, "ana", blobs=tmp_path, key=key, read_only=read_only)
            assert "\n" not in str(caught.value)
            assert "a secret word" not in str(caught.value)
    monkeypatch.setenv("JARVIS_MASTER_KEY", as_variable(KEY))
    with OwnerStore.open(database, "ana", blobs=tmp_path) as store:
        assert store.photo(store.get("Bo").photos[0].id) == draft().checked_photos[0].data


def test_a_passphrase(database: str, tmp_path: Path) -> None:
    key = MasterKey.from_passphrase("some words", cost=1024)
    with OwnerStore.open(database, "ana", blobs=tmp_path, key=key) as store:
        store.add_concept(draft())
    with pytest.raises(WrongKeyError, match="this is not the passphrase"):
        OwnerStore.open(database, "ana", blobs=tmp_path, key=MasterKey.from_passphrase("others", cost=1024))


def test_a_cluster_with_somebody_in_it_is_not_encrypted_any_more(database: str, tmp_path: Path) -> None:
    with OwnerStore.open(database, "ana", blobs=tmp_path) as store:
        store.add_concept(draft())
        with pytest.raises(SettingError, match="make a new one, and `jarvis migrate` into it") as caught:
            OwnerStore.open(database, "ben", blobs=tmp_path, key=KEY)
        assert "\n" not in str(caught.value)
        assert store.photo(store.get("Bo").photos[0].id) == draft().checked_photos[0].data


def test_who_was_there_before_the_key_writes_nothing_readable(database: str, tmp_path: Path) -> None:
    plain = OwnerStore.open(database, "ana", blobs=tmp_path)
    with OwnerStore.open(database, "ben", blobs=tmp_path, key=KEY) as store:
        store.add_concept(draft())
    with pytest.raises(LockedHomeError, match="its key is not given"):
        plain.add_concept(draft())
    plain.close()
    assert left(tmp_path, [photo.data for photo in draft().checked_photos]) == []


def test_the_key_goes_first(server: Server, database: str, tmp_path: Path) -> None:
    """Cut short behind it, nothing can be read, and opening goes on with it."""
    with OwnerStore.open(database, "owner-ana", blobs=tmp_path, key=KEY) as store:
        concept = store.add_concept(draft())
        photo = concept.photos[0].id
        other = OwnerStore("owner-ana", *open_place(database, tmp_path, key=KEY, busy_timeout=20.0))
        with OwnerStore.open(database, "ben", blobs=tmp_path, key=KEY) as his:
            kept = his.add_concept(draft())
            store._catalogue.destroy_key("owner-ana")
            for each in (store, other):
                with pytest.raises(CorruptRecordError, match="the key of this owner is gone"):
                    each.photo(photo)
                with pytest.raises(StoreError, match="is being forgotten"):
                    each.add_concept(draft("Mia"))
            assert his.photo(kept.photos[0].id) == draft().checked_photos[0].data
        other.close()
    with OwnerStore.open(database, "owner-ana", blobs=tmp_path, key=KEY) as store:
        assert store.list() == []
        assert rows_with(server, "owner-ana") == []
        # Who comes back has another key.
        again = store.add_concept(draft())
        assert store.photo(again.photos[0].id) == draft().checked_photos[0].data


def test_many_at_once_make_one_key(server: Server, database: str, tmp_path: Path) -> None:
    cluster = Cluster(database)
    ring, start, ids = ClusterRing(cluster, KEY), threading.Barrier(6), list[int]()

    def first() -> None:
        start.wait()
        ids.append(ring.current("ana").key_id)

    threads = [threading.Thread(target=first) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 6
    assert len(set(ids)) == 1
    cluster.close()


def test_rows_of_keys_are_bound_to_their_owner(server: Server, database: str, tmp_path: Path) -> None:
    from jarvis_memory.store.rows import seal

    stores = [OwnerStore.open(database, owner, blobs=tmp_path, key=KEY) for owner in ("ana", "ben")]
    concepts = [store.add_concept(draft()) for store in stores]
    with admin(server, "home") as connection:
        query = "SELECT key_id, wrapped FROM jarvis.data_keys WHERE owner = 'ben'"
        values = ("ana", *connection.execute(query).fetchone())
        change = "UPDATE jarvis.data_keys SET key_id = %s, wrapped = %s, digest = %s WHERE owner = 'ana'"
        connection.execute(change, (*values[1:], seal("data_keys", values)))
    with pytest.raises(CorruptRecordError, match=r"cannot be unwrapped|does not have"):
        stores[0].photo(concepts[0].photos[0].id)
    with pytest.raises(CorruptRecordError, match="cannot be unwrapped"):
        stores[0].add_concept(draft("Mia"))
    with admin(server, "home") as connection:
        connection.execute("DELETE FROM jarvis.data_keys WHERE owner = 'ana'")
    with pytest.raises(CorruptRecordError, match="the key of 'ana' is lost"):
        stores[0].add_concept(draft("Mia"))
    assert stores[1].photo(concepts[1].photos[0].id) == draft().checked_photos[0].data
    for store in stores:
        store.close()


def test_a_blob_in_the_place_of_another_is_refused(database: str, tmp_path: Path) -> None:
    """Also if its digest, which needs no key, is made right again in the row."""
    with OwnerStore.open(database, "ana", blobs=tmp_path, key=KEY) as store:
        one = store.add_concept(draft("Bo", 1, photos=1))
        two = store.add_concept(draft("Mia", 2, photos=1))
        catalogue = store._catalogue
        assert isinstance(catalogue, PostgresCatalogue)
        places = [catalogue.photo("ana", concept.photos[0].id) for concept in (one, two)]
        assert places[0] is not None
        assert places[1] is not None
        with pytest.raises(CorruptRecordError):
            files_of(store).get("ana", places[0][1], bound="elsewhere")
        from jarvis_memory.store.photos import bound_to

        with pytest.raises(CorruptRecordError):
            files_of(store).get("ana", places[1][1], bound=bound_to(one.id, one.photos[0].id))
        assert store.photo(one.photos[0].id) == draft("Bo", 1, photos=1).checked_photos[0].data


def test_tables_of_the_version_before_are_brought_up(server: Server, fresh: str, tmp_path: Path) -> None:
    with OwnerStore.open(fresh, "ana", blobs=tmp_path) as store:
        store.add_concept(draft())
    with admin(server, fresh.rpartition("/")[2]) as connection:
        connection.execute("DROP TABLE jarvis.lock, jarvis.data_keys")
        connection.execute("UPDATE jarvis.meta SET value = '1' WHERE key = 'version'")
    with pytest.raises(HomeReadOnlyError, match="no tables of this version"):
        OwnerStore.open(fresh, "ana", blobs=tmp_path, read_only=True)
    with OwnerStore.open(fresh, "ana", blobs=tmp_path) as store:
        assert store.photo(store.get("Bo").photos[0].id) == draft().checked_photos[0].data
        store.delete_owner()
    with OwnerStore.open(fresh, "ana", blobs=tmp_path, key=KEY) as store:
        store.add_concept(draft())
    assert left(tmp_path, [photo.data for photo in draft().checked_photos]) == []


def test_who_left_during_a_write_stays_gone(database: str, tmp_path: Path) -> None:
    """Photos were put, the owner leaves on another machine, and only then their row is written."""
    others = OwnerStore("ana", *open_place(database, tmp_path, key=KEY, busy_timeout=20.0))
    with OwnerStore.open(database, "ana", blobs=tmp_path, key=KEY) as store:
        kept = store.add_concept(draft())

        @contextmanager
        def left_meanwhile(*, key_alone: bool = False) -> Iterator[None]:
            _elsewhere(partial(others._catalogue.destroy_key, "ana") if key_alone else others.delete_owner)
            yield

        with pytest.raises(WrongKeyError, match="nothing was written, try again"):
            store.replace_concept(kept.id, draft("Bo", 3), left_meanwhile(key_alone=True))
        others.delete_owner()
        with pytest.raises(WrongKeyError, match="nothing was written, try again"):
            store.add_concept(draft("Mia"), left_meanwhile())
        assert store.list() == []
        assert store._catalogue.owner_key("ana") is None
        assert store.sweep(0) == 0
        again = store.add_concept(draft())
        ref = replace(files_of(store).put("ana", "segment", PIXELS), key=1)
        assert store._catalogue.put_segment("ana", SegmentRow(again.id, "f", again.updated, 1, ref)) == (ref,)
        assert store._catalogue.put_snapshot("ana", "s", ref) == (ref,)
        assert list(store.verify()) == []
    others.close()


def test_a_cluster_that_is_encrypted_during_its_first_write(database: str, tmp_path: Path) -> None:
    with OwnerStore.open(database, "ana", blobs=tmp_path) as plain:

        @contextmanager
        def encrypted_meanwhile() -> Iterator[None]:
            OwnerStore.open(database, "ben", blobs=tmp_path, key=KEY).close()
            yield

        with pytest.raises(WrongKeyError, match="nothing was written, try again"):
            plain.add_concept(draft(), encrypted_meanwhile())
    assert left(tmp_path, [photo.data for photo in draft().checked_photos]) == []


def test_nobody_encrypts_a_cluster_before_its_first_write_is_there(database: str, tmp_path: Path) -> None:
    cluster, waiting = Cluster(database), Cluster(database, timeout=0.3)
    blob = FileBlobStore(tmp_path).put("ana", "photo", b"readable")
    with cluster.write("ana") as session:
        refuse_other_keys(session, "ana", (blob,))
        with pytest.raises(StoreError, match="in use by another process"):
            ClusterRing(waiting, KEY)
        enter(session, "ana")
    with pytest.raises(SettingError, match="a key was given"):
        ClusterRing(waiting, KEY)
    cluster.close()
    waiting.close()


def _elsewhere(work: Callable[[], object]) -> None:
    """In another thread, which takes no part in this one's transaction."""
    with ThreadPoolExecutor(1) as one:
        one.submit(work).result()
