"""An owner's archive, from a cluster and into one."""

from __future__ import annotations

from pathlib import Path

import pytest

from jarvis_memory.store import OwnerStore, Quota, import_owner
from jarvis_retrievers.errors import CorruptRecordError, QuotaError, SettingError
from tests.store.exported import archive, full, home
from tests.store.portraits import items_of, put
from tests.store.test_export import told

__all__ = ["archive", "home"]


def test_there_and_back_is_the_same(database: str, home: Path, archive: Path, tmp_path: Path) -> None:
    """Through a cluster, as another owner of it, and into a folder: the bytes that were there first."""
    blobs = tmp_path / "blobs"
    manifest = import_owner(database, archive, blobs=blobs)
    assert manifest.owner == "ana"
    with OwnerStore.open(home, "ana") as old, OwnerStore.open(database, "ana", blobs=blobs) as new:
        assert told(new) == told(old)
        assert list(new.verify(deep=True)) == []
        new.export(tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == archive.read_bytes()
    import_owner(database, archive, owner="cleo", blobs=blobs)
    with (
        OwnerStore.open(database, "ana", blobs=blobs) as old,
        OwnerStore.open(database, "cleo", blobs=blobs) as new,
    ):
        assert told(new, same=False) == told(old, same=False)
        ids = [{c.id for c in s.list()} | {p.id for c in s.list() for p in c.photos} for s in (old, new)]
        assert not ids[0] & ids[1]
        assert items_of(new)[0].draft.value["see"] == f"photo:{new.get('Bo').photos[0].id}"
        old.delete_owner()
        assert len(new.list()) == 4
        assert list(new.verify(deep=True)) == []
        assert new.sweep(0) == 0
    import_owner(tmp_path / "folder", tmp_path / "again.tar")
    with OwnerStore.open(tmp_path / "folder", "ana") as store, OwnerStore.open(home, "ana") as old:
        assert told(store) == told(old)


def test_one_who_began_in_a_cluster(database: str, tmp_path: Path) -> None:
    with OwnerStore.open(database, "ana", blobs=tmp_path / "blobs") as store:
        full(store)
        store.forget("Bo")
        store.export(tmp_path / "x")
        import_owner(tmp_path / "folder", tmp_path / "x")
        with OwnerStore.open(tmp_path / "folder", "ana") as there:
            assert told(there) == told(store)
            assert [concept.name for concept in there.list()] == ["Mia", "Łódź", "Words"]


def test_it_comes_whole_or_not_at_all(database: str, archive: Path, tmp_path: Path) -> None:
    blobs = tmp_path / "blobs"
    with OwnerStore.open(database, "ana", blobs=blobs) as store:
        store.put_quota(Quota(concepts=3))
        with pytest.raises(QuotaError, match="3 concepts"):
            import_owner(database, archive, blobs=blobs)
        assert store.list() == []
        assert items_of(store) == []
        assert store.holdings().record == 0
        assert store.sweep(0) == 0
        store.put_quota(None)
        put(store, ("a",), "k", {})
        with pytest.raises(SettingError, match="'ana' has 0 concepts and 1 items already"):
            import_owner(database, archive, blobs=blobs)
        damaged = tmp_path / "damaged"
        data = bytearray(archive.read_bytes())
        data[len(data) // 2] ^= 1
        damaged.write_bytes(data)
        with pytest.raises(CorruptRecordError):
            import_owner(database, damaged, owner="dan", blobs=blobs)
        assert store.sweep(0) == 0
